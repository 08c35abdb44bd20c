import { lookup } from 'node:dns/promises';
import { addressKey, isHostName, type NodeAddress } from '../../../base/address/index.js';
import type { ResolvedSentinelOptions } from '../../../config/index.js';

/** Returns all IP addresses of a host name, or fails. */
export type LookUp = (
  host: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

const lookUpAll: LookUp = (host) => lookup(host, { all: true });

/**
 * The configured Sentinels by address. With `sentinel.resolveNames` a name stands for all addresses it
 * has when it is looked up. A name that has none stands for itself.
 */
export class ConfiguredSentinels {
  readonly #fixed: readonly NodeAddress[];
  readonly #names: readonly NodeAddress[];
  readonly #lookUp: LookUp;
  readonly #found = new Map<NodeAddress, readonly NodeAddress[]>();
  #keys: ReadonlySet<string>;
  #lookingUp: Promise<void> | null = null;

  constructor(
    { nodes, resolveNames }: ResolvedSentinelOptions['sentinel'],
    lookUp: LookUp = lookUpAll,
  ) {
    const isLookedUp = ({ host }: NodeAddress): boolean => resolveNames && isHostName(host);
    this.#fixed = nodes.filter((node) => !isLookedUp(node));
    this.#names = nodes.filter(isLookedUp);
    this.#lookUp = lookUp;
    this.#keys = new Set(this.#fixed.map(addressKey));
  }

  /** All that are known now. */
  get addresses(): readonly NodeAddress[] {
    return [...this.#fixed, ...[...this.#found.values()].flat()];
  }

  /** Whether any of them is listed by a name that is looked up. */
  get hasNames(): boolean {
    return this.#names.length > 0;
  }

  /** How many names were not looked up yet; each stands for one Sentinel at least. */
  get openNames(): number {
    return this.#names.length - this.#found.size;
  }

  /** Returns whether a Sentinel at this address is configured. */
  has(address: NodeAddress): boolean {
    return this.#keys.has(addressKey(address));
  }

  /** Returns the name whose look-up led to this address; `null` if it was listed as it is. */
  nameOf(address: NodeAddress): string | null {
    const key = addressKey(address);
    const leadsHere = ([, found]: readonly [NodeAddress, readonly NodeAddress[]]): boolean =>
      found.some((one) => addressKey(one) === key);
    return [...this.#found].find(leadsHere)?.[0].host ?? null;
  }

  /** Looks up all names. One look-up at a time: who asks meanwhile waits for the one under way. */
  async lookUp(): Promise<void> {
    this.#lookingUp ??= Promise.all(this.#names.map((node) => this.#lookUpOne(node))).then(() => {
      this.#lookingUp = null;
    });
    return this.#lookingUp;
  }

  async #lookUpOne(node: NodeAddress): Promise<void> {
    const found = await this.#lookUp(node.host).catch(() => []);
    if (found.length > 0) {
      this.#found.set(
        node,
        oneFamily(found).map(({ address }) => ({ host: address, port: node.port })),
      );
    } else if (!this.#found.has(node)) {
      // Its connection tells what is wrong with the name.
      this.#found.set(node, [node]);
    }
    this.#keys = new Set(this.addresses.map(addressKey));
  }
}

// With a second family each Sentinel would count twice. The one with more addresses knows all of them.
function oneFamily<A extends { readonly family: number }>(found: readonly A[]): readonly A[] {
  const of = (family: number | undefined): readonly A[] =>
    found.filter((one) => one.family === family);
  const first = found[0]?.family;
  const other = found.find(({ family }) => family !== first)?.family;
  return of(other).length > of(first).length ? of(other) : of(first);
}
