import { AsyncLocalStorage } from 'node:async_hooks';
import { Operation } from './operation.js';

const underWay = new AsyncLocalStorage<KeyedOperation>();

/** An operation of which parts below know the outcome. */
abstract class KeyedOperation extends Operation {
  /** @internal */
  override run<T>(work: () => T): T {
    return underWay.run(this, () => super.run(work));
  }
}

/** Notes the outcome of the call of a cache or of sessions that this work belongs to, if somebody watches it. */
export function noteOutcome(outcome: string): void {
  const operation = underWay.getStore();
  if (operation !== undefined) operation.outcome = outcome;
}

/** A call of a cache. Its outcome is that of its value or of its write; of several keys the worst one. */
export class CacheOperation extends KeyedOperation {
  /** The method, such as `getOrSet`. */
  readonly name: string;
  readonly namespace: string;
  /** How many keys it was given; `null` where it was given none, as for a tag. */
  readonly keys: number | null;

  constructor(name: string, namespace: string, keys: number | null) {
    super();
    this.name = name;
    this.namespace = namespace;
    this.keys = keys;
  }
}

/** A call of `SessionService`. */
export class SessionOperation extends KeyedOperation {
  /** The method, such as `read`. */
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}
