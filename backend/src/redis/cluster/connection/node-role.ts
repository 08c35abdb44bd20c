import { hostFault, type NodeAddress } from '../../base/address/index.js';

/** What a node reports about itself when asked with `ROLE`. */
export type NodeRole =
  | { readonly kind: 'primary'; readonly offset: number; readonly replicas: number }
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
    const replicas = Array.isArray(rest[1]) ? rest[1].length : 0;
    return { kind: 'primary', offset: toNumber(rest[0]), replicas };
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
