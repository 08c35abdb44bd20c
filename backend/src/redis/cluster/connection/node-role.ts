import { hostFault, type NodeAddress } from '../../base/address/index.js';

/** A replica, as its primary lists it. */
export interface LinkedReplica {
  /** As the primary sees it, which need not be the address that Sentinel announces. */
  readonly address: NodeAddress;
  /** Up to where it has confirmed the primary's writes. It confirms them once a second. */
  readonly offset: number;
}

/** What a node reports about itself when asked with `ROLE`. */
export type NodeRole =
  | {
      readonly kind: 'primary';
      readonly offset: number;
      /** Those that are linked and have no full synchronisation under way. */
      readonly replicas: readonly LinkedReplica[];
    }
  | {
      readonly kind: 'replica';
      /** The address of the primary, as the replica knows it. */
      readonly primary: NodeAddress;
      /** Whether it is linked to its primary, and not in the middle of a full synchronisation. */
      readonly isLinked: boolean;
      readonly offset: number;
    }
  | { readonly kind: 'other'; readonly answer: string };

/** Reads the answer to `ROLE`. Anything unexpected becomes `other`, never an exception. */
export function parseRole(answer: unknown): NodeRole {
  if (!Array.isArray(answer)) return { kind: 'other', answer: typeof answer };
  const [name, ...rest] = answer as unknown[];
  if (name === 'master') {
    const listed: unknown[] = Array.isArray(rest[1]) ? rest[1] : [];
    return { kind: 'primary', offset: toNumber(rest[0]), replicas: listed.map(toReplica) };
  }
  if (name === 'slave') {
    return {
      kind: 'replica',
      primary: { host: toHost(rest[0]), port: toNumber(rest[1]) },
      isLinked: rest[2] === 'connected',
      offset: toNumber(rest[3]),
    };
  }
  return { kind: 'other', answer: toText(name) };
}

function toReplica(listed: unknown): LinkedReplica {
  const [host, port, offset] = Array.isArray(listed) ? (listed as unknown[]) : [];
  return { address: { host: toHost(host), port: toNumber(port) }, offset: toNumber(offset) };
}

// A host from outside may end up in a log.
function toHost(value: unknown): string {
  const host = toText(value);
  return hostFault(host) === null ? host : '';
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function toNumber(value: unknown): number {
  const number = Number(toText(value));
  return Number.isFinite(number) ? number : 0;
}
