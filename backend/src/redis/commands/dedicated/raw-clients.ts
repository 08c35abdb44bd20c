import type { NodeAddress } from '../../base/address/index.js';
import { readPolicy, type ReadPolicy, type ResolvedRedisOptions } from '../../config/index.js';
import {
  endClient,
  newTrackedClient,
  trackedOptions,
  type DriverClient,
  type DriverOptions,
  type TrackedOptions,
} from '../../cluster/connection/index.js';
import { ClosedError, InvalidArgumentError, safeMessage } from '../../base/errors/index.js';
import { option, OptionSet } from '../../base/options/index.js';
import type { EventBus } from '../../base/events/index.js';
import { atDeadline, type Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import { type RawTarget, RawTargets } from './raw-targets.js';

/** Which nodes the connections of a library lead to. */
export interface ConnectionTarget {
  /** With anything but `primary` they only read. @defaultValue 'primary' */
  readonly readPolicy?: ReadPolicy;
}

/** Options of a raw client: those of ioredis, and which nodes it is connected to. */
export type RawClientOptions = DriverOptions & ConnectionTarget;

const READ_POLICY = new OptionSet(
  { readPolicy: option(readPolicy, 'primary') },
  { path: '', example: "redis.connectionOptions({ readPolicy: 'replica-preferred' })" },
);

/**
 * Plain ioredis clients for libraries that need one (BullMQ, rate limiters, session stores). They
 * follow the primary through a failover, or the replicas if they only read. What they repeat and how long they
 * wait depends on their own options.
 */
export class RawClients {
  readonly #options: ResolvedRedisOptions;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #targets: RawTargets;
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
    this.#targets = new RawTargets(options, tracker, clock);
  }

  /** Returns options for a library that creates its own clients. */
  options(target: ConnectionTarget = {}): TrackedOptions {
    READ_POLICY.check(target);
    return trackedOptions(this.#targets.for(target.readPolicy ?? 'primary'), this.#options.node);
  }

  /** Creates a client, closed when the application shuts down. The caller's options win, except for where to connect. */
  create(options: RawClientOptions = {}): DriverClient {
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    const target = this.#targets.for(policyOf(options));
    const tracked = trackedOptions(target, this.#options.node);
    const client = newTrackedClient({ ...tracked, ...options, Connector: tracked.Connector });
    return this.#adopt(client, target);
  }

  // What a client makes with `duplicate()`, as BullMQ has it do, is closed at shutdown as well.
  #adopt(client: DriverClient, target: RawTarget): DriverClient {
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
        node: target.current ?? UNKNOWN,
        reason: `raw client: ${safeMessage(error)}`,
      });
    });
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (override) => this.#adopt(duplicate(override), target);
    return client;
  }

  /** The number of open clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** Ends all clients: what is in flight may be answered within `timeoutMs`. None is made from now on. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    this.#targets.close();
    const limit = atDeadline(this.#clock, timeoutMs);
    await Promise.all([...this.#clients].map((client) => endClient(client, limit)));
  }
}

/** Checked, with the default; the rest is for the driver. */
function policyOf({ readPolicy: given = 'primary', ...rest }: RawClientOptions): ReadPolicy {
  READ_POLICY.check({ readPolicy: given });
  if (rest.role === undefined) return given;
  throw new InvalidArgumentError({
    field: 'role',
    value: rest.role,
    message: 'a client that is made here asks no Sentinels, so it has no say in it',
    remedy: "Write readPolicy: 'replica-preferred', or 'replica', for a client that only reads",
  });
}

const UNKNOWN: NodeAddress = { host: 'unknown', port: 0 };
