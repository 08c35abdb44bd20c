import { addressKey, type NodeAddress } from '../../base/address/index.js';
import {
  containFaults,
  type AddressMapper,
  type ResolvedRedisOptions,
} from '../../config/index.js';
import type { Problem } from '../../base/errors/index.js';
import { Pulse, type Clock, type Stop } from '../../base/timing/index.js';
import { RedisNode, type NodeChange, type RedisNodeDeps } from './redis-node.js';
import { unnamed } from './handshake/handshake-steps.js';
import type { WireOptions } from './wire/wire-options.js';

const STALL_CHECK_MS = 20;
const URGENT_ASK_MS = 25;

// A node that comes back is used at once: its return may end an outage.
const MAX_PAUSE_MS = 250;

// One that every Sentinel calls down is dialled seldom: they tell when it is there again.
const MAX_PAUSE_WHILE_DOWN_MS = 5000;

/** Every node this process is connected to. Each announced address has one {@link RedisNode}. */
export class NodeRegistry {
  readonly #options: ResolvedRedisOptions;
  readonly #clock: Clock;
  readonly #onChange: (node: RedisNode, change: NodeChange) => void;
  readonly #nodes = new Map<string, RedisNode>();
  readonly #down = new Set<string>();
  readonly #stallPulse: Pulse;
  readonly #mapAddress: AddressMapper | null;
  readonly #raise: (problem: Problem) => void;
  #stopAsking: Stop | null = null;

  constructor(
    options: ResolvedRedisOptions,
    clock: Clock,
    onChange: (node: RedisNode, change: NodeChange) => void,
    raise: (problem: Problem) => void = () => undefined,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#raise = raise;
    this.#mapAddress =
      options.mode === 'sentinel' ? containFaults(options.sentinel.mapAddress, raise) : null;
    this.#stallPulse = new Pulse(clock, STALL_CHECK_MS, () => this.#checkForStalls());
  }

  /** Returns the node with this address, if it is one of the cluster. */
  get(address: NodeAddress): RedisNode | undefined {
    return this.#nodes.get(addressKey(address));
  }

  /** Returns all nodes. */
  all(): readonly RedisNode[] {
    return [...this.#nodes.values()];
  }

  /** Notes whether the Sentinels call a node down, as a hint for how often it is worth dialling. */
  setDown(address: NodeAddress, isDown: boolean): void {
    const key = addressKey(address);
    if (this.#down.has(key) === isDown) return;
    if (isDown) this.#down.add(key);
    else {
      this.#down.delete(key);
      this.get(address)?.nudge();
    }
  }

  /** Sets whether every connected node is asked for its role all the time, as while the primary is away. */
  setUrgent(isUrgent: boolean): void {
    if (!isUrgent) {
      this.#stopAsking?.();
      this.#stopAsking = null;
      return;
    }
    this.#stopAsking ??= this.#clock.every(URGENT_ASK_MS, () => {
      for (const node of this.all()) {
        if (node.state.kind === 'ready') node.nudge();
      }
    });
  }

  /** Opens connections to new addresses, and closes those to addresses that are not in the list. */
  retain(addresses: readonly NodeAddress[]): void {
    const wanted = new Map(addresses.map((address) => [addressKey(address), address]));
    for (const [key, node] of this.#nodes) {
      if (wanted.has(key)) continue;
      this.#nodes.delete(key);
      this.#down.delete(key);
      node.close('no longer part of the cluster');
    }
    for (const [key, address] of wanted) {
      if (this.#nodes.has(key)) continue;
      const settings = this.#settingsFor(address);
      const node = new RedisNode(settings, this.#clock, this.#onChange);
      this.#nodes.set(key, node);
      node.open();
    }
  }

  /** Returns how to open another connection to the node, for clients outside this registry. */
  wireOptionsFor(address: NodeAddress): WireOptions {
    const { node } = this.#options;
    return {
      address: this.#mapAddress?.(address) ?? address,
      access: node,
      db: node.db,
      keyPrefix: node.keyPrefix,
      clientName: node.clientName,
      connectTimeoutMs: node.connectTimeoutMs,
      keepAliveMs: node.keepAliveMs,
      onUnnamed: (reason) => {
        this.#raise(unnamed(node.clientName, reason));
      },
    };
  }

  /** Closes every connection and opens none again. */
  close(reason: string): void {
    this.setUrgent(false);
    for (const node of this.all()) node.close(reason);
    this.#nodes.clear();
  }

  #settingsFor(address: NodeAddress): RedisNodeDeps {
    const { node, pools } = this.#options;
    return {
      address,
      wire: this.wireOptionsFor(address),
      poolSize: pools.writeSize,
      heartbeatIntervalMs: node.heartbeatIntervalMs,
      heartbeatTimeoutMs: node.heartbeatTimeoutMs,
      stallAfterMs: node.stallAfterMs,
      isOnlyNode: this.#options.mode === 'standalone',
      maxPauseMs: () =>
        this.#down.has(addressKey(address)) ? MAX_PAUSE_WHILE_DOWN_MS : MAX_PAUSE_MS,
      onSent: this.#stallPulse.wake,
      onDoubt: this.#raise,
    };
  }

  #checkForStalls(): boolean {
    let anyOwed = false;
    for (const node of this.all()) anyOwed = node.checkForStall() || anyOwed;
    return anyOwed;
  }
}
