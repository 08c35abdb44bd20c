import { addressKey, type NodeAddress } from '../../base/address/index.js';
import {
  containFaults,
  type AddressMapper,
  type ResolvedRedisOptions,
} from '../../config/index.js';
import type { Problem } from '../../base/errors/index.js';
import { Pulse, type Clock } from '../../base/timing/index.js';
import {
  SharedConnection,
  type NodeChange,
  type SharedConnectionDeps,
} from './shared-connection.js';
import { unnamed } from './handshake.js';
import type { WireOptions } from './wire.js';

const STALL_CHECK_MS = 20;

/** Every node this process is connected to. Each announced address has one or more {@link SharedConnection}s. */
export class ConnectionRegistry {
  readonly #options: ResolvedRedisOptions;
  readonly #clock: Clock;
  readonly #onChange: (node: SharedConnection, change: NodeChange) => void;
  readonly #nodes = new Map<string, readonly SharedConnection[]>();
  readonly #down = new Set<string>();
  readonly #stallPulse: Pulse;
  readonly #mapAddress: AddressMapper | null;
  readonly #raise: (problem: Problem) => void;

  constructor(
    options: ResolvedRedisOptions,
    clock: Clock,
    onChange: (node: SharedConnection, change: NodeChange) => void,
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

  /** Returns the first connection to a node, if there is one. */
  get(address: NodeAddress): SharedConnection | undefined {
    return this.connectionsTo(address)[0];
  }

  /** Returns all shared connections to a node. Writes use the first. */
  connectionsTo(address: NodeAddress): readonly SharedConnection[] {
    return this.#nodes.get(addressKey(address)) ?? [];
  }

  /** Returns all shared connections to all nodes. */
  all(): readonly SharedConnection[] {
    return [...this.#nodes.values()].flat();
  }

  /** Notes whether the Sentinels call a node down, as a hint for how often it is worth dialling. */
  setDown(address: NodeAddress, isDown: boolean): void {
    const key = addressKey(address);
    if (this.#down.has(key) === isDown) return;
    if (isDown) this.#down.add(key);
    else {
      this.#down.delete(key);
      for (const connection of this.connectionsTo(address)) connection.nudge();
    }
  }

  /** Whether every Sentinel that was asked calls the node down. */
  isDown(address: NodeAddress): boolean {
    return this.#down.has(addressKey(address));
  }

  /** Opens connections to new addresses, and closes those to addresses that are not in the list. */
  retain(addresses: readonly NodeAddress[]): void {
    const wanted = new Map(addresses.map((address) => [addressKey(address), address]));
    for (const [key, connections] of this.#nodes) {
      if (wanted.has(key)) continue;
      this.#nodes.delete(key);
      this.#down.delete(key);
      for (const connection of connections) connection.close('no longer part of the cluster');
    }
    for (const [key, address] of wanted) {
      if (this.#nodes.has(key)) continue;
      const settings = this.#settingsFor(address);
      const connections = Array.from(
        { length: this.#options.pools.readSize },
        () => new SharedConnection(settings, this.#clock, this.#onChange),
      );
      this.#nodes.set(key, connections);
      for (const connection of connections) connection.open();
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
    for (const node of this.all()) node.close(reason);
    this.#nodes.clear();
  }

  #settingsFor(address: NodeAddress): SharedConnectionDeps {
    const { node, pools } = this.#options;
    return {
      address,
      wire: this.wireOptionsFor(address),
      poolSize: pools.writeSize,
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
    for (const node of this.all()) anyOwed = node.checkForStall() || anyOwed;
    return anyOwed;
  }
}
