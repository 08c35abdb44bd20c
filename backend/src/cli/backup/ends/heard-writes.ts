import { isTombstone } from '../../../redis/keyspace/index.js';
import { type Reply, textIn } from '../../node-link/index.js';
import type { End } from './ends-log.js';

/** Listens to the writes of a cluster, as a replica hears them, and keeps what ends something. */
export class HeardWrites {
  /** The database that the next write is in. */
  db: number;
  #ends: End[] = [];

  constructor(db: number) {
    this.db = db;
  }

  /** The ends since the last call. */
  take(): readonly End[] {
    const ends = this.#ends;
    this.#ends = [];
    return ends;
  }

  /** Hears a write. `now`: calendar milliseconds of the node. */
  hear(command: Reply, now: number): void {
    if (!Array.isArray(command)) return;
    const [name, key, value, ...options] = command as readonly Reply[];
    const word = textIn(name).toLowerCase();
    if (word === 'select') this.db = Number(key);
    if (word !== 'set' || !Buffer.isBuffer(key) || !Buffer.isBuffer(value)) return;
    if (!isTombstone(value)) return;
    const expiresAt = expiryIn(options.map(textIn), now);
    this.#ends.push({ db: this.db, key: Buffer.from(key), value: Buffer.from(value), expiresAt });
  }
}

// A write of a script is told as what it did. Since version 6.2 that has the time of the end; before, how long it lasts.
function expiryIn(options: readonly string[], now: number): number | null {
  for (const [at, option] of options.entries()) {
    const number = Number(options[at + 1]);
    switch (option.toLowerCase()) {
      case 'pxat':
        return number;
      case 'px':
        return now + number;
      case 'exat':
        return number * 1_000;
      case 'ex':
        return now + number * 1_000;
    }
  }
  return null;
}
