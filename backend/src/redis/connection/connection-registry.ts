import { addressKey, type NodeAddress, type ResolvedRedisOptions } from '../config/index.js';
import { Pulse, type Clock } from '../timing/index.js';
import { NodeConnection, type NodeChange, type NodeSettings } from './node-connection.js';
import type { WireOptions } from './wire.js';

const STALL_CHECK_MS = 20;

/** Every node this process talks to, one {@link NodeConnection} per announced address. */
export class ConnectionRegistry {
  readonly #options: ResolvedRedisOptions;
  readonly #clock: Clock;
  readonly #onChange: (node: NodeConnection, change: NodeChange) => void;
  readonly #nodes = new Map<string, NodeConnection>();
  readonly #stallPulse: Pulse;

  constructor(
    options: ResolvedRedisOptions,
    clock: Clock,
    onChange: (node: NodeConnection, change: NodeChange) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#stallPulse = new Pulse(clock, STALL_CHECK_MS, () => this.#checkForStalls());
  }

  /** The connection to a node, if there is one. */
  get(address: NodeAddress): NodeConnection | undefined {
    return this.#nodes.get(addressKey(address));
  }

  /** All of them. */
  all(): readonly NodeConnection[] {
    return [...this.#nodes.values()];
  }

  /** Opens what is listed and not there yet, closes what is there and not listed. */
  retain(addresses: readonly NodeAddress[]): void {
    const wanted = new Map(addresses.map((address) => [addressKey(address), address]));
    for (const [key, node] of this.#nodes) {
      if (wanted.has(key)) continue;
      this.#nodes.delete(key);
      node.close('no longer part of the cluster');
    }
    for (const [key, address] of wanted) {
      if (this.#nodes.has(key)) continue;
      const node = new NodeConnection(this.#settingsFor(address), this.#clock, this.#onChange);
      this.#nodes.set(key, node);
      node.open();
    }
  }

  /** How a further connection to the node is opened, for clients outside this registry. */
  wireOptionsFor(address: NodeAddress): WireOptions {
    const { node } = this.#options;
    const map = this.#options.mode === 'sentinel' ? this.#options.sentinel.mapAddress : null;
    return {
      address: map === null ? address : map(address),
      access: node,
      db: node.db,
      keyPrefix: node.keyPrefix,
      clientName: node.clientName,
      connectTimeoutMs: node.connectTimeoutMs,
      keepAliveMs: node.keepAliveMs,
    };
  }

  /** Cuts everything for good. */
  close(reason: string): void {
    for (const node of this.#nodes.values()) node.close(reason);
    this.#nodes.clear();
  }

  #settingsFor(address: NodeAddress): NodeSettings {
    const { node, pools } = this.#options;
    return {
      address,
      wire: this.wireOptionsFor(address),
      poolSize: Math.max(pools.writeSize, pools.readSize),
      heartbeatIntervalMs: node.heartbeatIntervalMs,
      heartbeatTimeoutMs: node.heartbeatTimeoutMs,
      stallAfterMs: node.stallAfterMs,
      onSent: () => {
        this.#stallPulse.wake();
      },
    };
  }

  #checkForStalls(): boolean {
    let anyOwed = false;
    for (const node of this.#nodes.values()) anyOwed = node.checkForStall() || anyOwed;
    return anyOwed;
  }
}
