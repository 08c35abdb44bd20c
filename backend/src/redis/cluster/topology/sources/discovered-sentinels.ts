import { addressKey, type NodeAddress } from '../../../base/address/index.js';

/** The addresses of Sentinels that others list, without a connection to them. */
export class DiscoveredSentinels {
  readonly #limit: number;
  #byKey: ReadonlyMap<string, NodeAddress> = new Map();

  /** The limit is for a Sentinel that lists hundreds of others. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get addresses(): readonly NodeAddress[] {
    return [...this.#byKey.values()];
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Takes the place of what was remembered: those that answer know all others of the group. */
  remember(listed: readonly NodeAddress[]): void {
    if (listed.length === 0) return;
    const entries = listed.map((address) => [addressKey(address), address] as const);
    this.#byKey = new Map([...new Map(entries)].slice(0, this.#limit));
  }
}
