import { hostFault, type NodeAddress } from '../../base/address/index.js';
import { replyPrefix, type Problem } from '../../base/errors/index.js';
import type { Wire } from './wire/wire.js';

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

// What proxies and managed services say when they do not pass it on. Other errors pass.
const REFUSED_FOR_GOOD = /unknown|unsupported|not (supported|allowed|permitted)|disabled|denied/i;

// The answer of a primary that tells neither how much it has written nor who copies it.
const TAKEN_FOR_PRIMARY: readonly unknown[] = ['master', 0, []];

/**
 * Asks a node for its role. Where there is one address and nobody else to ask, a server that refuses the
 * question, such as a proxy, is taken for the primary: then `PING` shows that it is there.
 */
export class RoleQuestion {
  readonly #isOnlyNode: boolean;
  readonly #onRefused: (problem: Problem) => void;
  #isRefused = false;

  constructor(isOnlyNode: boolean, onRefused: (problem: Problem) => void) {
    this.#isOnlyNode = isOnlyNode;
    this.#onRefused = onRefused;
  }

  /** Begins anew, for a new connection: another server may have the address now. */
  restart(): void {
    this.#isRefused = false;
  }

  /** Resolves with what {@link parseRole} reads. */
  async ask(wire: Wire): Promise<unknown> {
    if (!this.#isRefused) {
      try {
        return await wire.call('role');
      } catch (error) {
        if (!this.#isOnlyNode || !isRefusal(error)) throw error;
        this.#isRefused = true;
        this.#onRefused(notTold(replyPrefix(error)));
      }
    }
    await wire.call('ping');
    return TAKEN_FOR_PRIMARY;
  }
}

function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false;
  const prefix = replyPrefix(error);
  return prefix === 'NOPERM' || (prefix === 'ERR' && REFUSED_FOR_GOOD.test(error.message));
}

function notTold(value: string): Problem {
  return {
    field: 'ROLE',
    value,
    message:
      'the server does not tell its role, so it is taken for the primary: when it is a replica, each write ' +
      'is refused',
    remedy: 'Give the ACL user +role; behind a proxy or a managed service this may be ignored',
  };
}

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
