import { addressKey, sameAddress, type NodeAddress } from '../../base/address/index.js';

// For some seconds after a switch the Sentinels do not list the old primary, until they do as a replica.
const FORGET_AFTER_MS = 5000;

/** Remembers which nodes were listed lately, so that one that is only missing for a moment is kept. */
export class ListedNodes {
  readonly #known = new Map<string, { readonly address: NodeAddress; listedAt: number }>();

  /** Notes what is listed now. Returns the replicas: those, and every other node that was listed in the last seconds. */
  keep(primary: NodeAddress, replicas: readonly NodeAddress[], now: number): NodeAddress[] {
    const listed = new Set([primary, ...replicas].map(addressKey));
    for (const address of [primary, ...replicas]) {
      this.#known.set(addressKey(address), { address, listedAt: now });
    }
    const unlisted: NodeAddress[] = [];
    for (const [key, { address, listedAt }] of this.#known) {
      if (now - listedAt > FORGET_AFTER_MS) this.#known.delete(key);
      else if (!listed.has(key)) unlisted.push(address);
    }
    return [...replicas, ...unlisted];
  }
}

/** Returns whether both lists hold the same addresses, in any order. */
export function sameAddresses(a: readonly NodeAddress[], b: readonly NodeAddress[]): boolean {
  return a.length === b.length && a.every((x) => b.some((y) => sameAddress(x, y)));
}
