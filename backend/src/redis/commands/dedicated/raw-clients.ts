import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import { type ResolvedRedisOptions } from '../../config/index.js';
import {
  endClient,
  newTrackedClient,
  trackedOptions,
  type DriverClient,
  type DriverOptions,
  type TargetSource,
  type TrackedOptions,
} from '../../cluster/connection/index.js';
import { ClosedError, safeMessage } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { atDeadline, type Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';

/**
 * Plain ioredis clients for libraries that need one (BullMQ, rate limiters, session stores). They
 * follow the primary through a failover. What they repeat and how long they wait depends on their own
 * options.
 */
export class RawClients {
  readonly #options: ResolvedRedisOptions;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #source: TargetSource;
  readonly #clients = new Set<DriverClient>();
  #isClosed = false;

  constructor(
    options: ResolvedRedisOptions,
    tracker: TopologyTracker,
    clock: Clock,
    bus: EventBus,
  ) {
    this.#options = options;
    this.#bus = bus;
    this.#clock = clock;
    this.#source = this.#newSource(tracker, clock);
  }

  /** Returns options for a library that creates its own clients. */
  options(): TrackedOptions {
    return trackedOptions(this.#source, this.#options.node);
  }

  /** Creates a client, closed when the application shuts down. The caller's options win, except for where to connect. */
  create(options: DriverOptions = {}): DriverClient {
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    const tracked = this.options();
    return this.#adopt(
      newTrackedClient({
        ...tracked,
        ...options,
        Connector: tracked.Connector,
      }),
    );
  }

  // What a client makes with `duplicate()`, as BullMQ has it do, is closed at shutdown as well.
  #adopt(client: DriverClient): DriverClient {
    if (this.#isClosed) {
      client.disconnect();
      throw new ClosedError('Redis is shutting down');
    }
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    // Without a listener the driver prints each error to the console.
    client.on('error', (error: unknown) => {
      this.#bus.emit({
        type: 'connection.lost',
        node: this.#current ?? UNKNOWN,
        reason: `raw client: ${safeMessage(error)}`,
      });
    });
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (override) => this.#adopt(duplicate(override));
    return client;
  }

  /** The number of open clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** Ends all clients: what is in flight may be answered within `timeoutMs`. None is made from now on. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    for (const wake of [...this.#sleepers]) wake();
    const limit = atDeadline(this.#clock, timeoutMs);
    await Promise.all([...this.#clients].map((client) => endClient(client, limit)));
  }

  readonly #sleepers = new Set<() => void>();
  #current: NodeAddress | null = null;

  #newSource(tracker: TopologyTracker, clock: Clock): TargetSource {
    const reachable = (): NodeAddress | null => {
      const { primary, gate } = tracker;
      if (primary === null || gate.state.kind === 'paused') return null;
      return tracker.reachable(primary.address);
    };
    return {
      access: this.#options.node,
      isClosed: () => this.#isClosed,
      clock,
      next: async () => {
        while (!this.#isClosed) {
          this.#current = reachable();
          if (this.#current !== null) return this.#current;
          await this.#untilChange(tracker);
        }
        return null;
      },
      isCurrent: (address) => {
        const believed = tracker.primaryAddress;
        // While the fence is up nobody may write, so these clients are kept from the primary as well.
        if (tracker.gate.state.kind === 'paused') return false;
        return believed !== null && sameAddress(tracker.reachable(believed), address);
      },
      onMove: (listener) =>
        tracker.onChange((node) => {
          if (node === null) listener();
        }),
    };
  }

  #untilChange(tracker: TopologyTracker): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        stop();
        this.#sleepers.delete(wake);
        resolve();
      };
      const stop = tracker.onChange(wake);
      this.#sleepers.add(wake);
    });
  }
}

const UNKNOWN: NodeAddress = { host: 'unknown', port: 0 };
