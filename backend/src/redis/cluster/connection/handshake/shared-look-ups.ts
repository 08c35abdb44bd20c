import { lookup as systemLookUp } from 'node:dns';
import type { LookupFunction } from 'node:net';

type LookUpOptions = Parameters<LookupFunction>[1];
type Done = Parameters<LookupFunction>[2];

/**
 * Looks names up, each one once at a time: who asks while a look-up of the same name is under way gets its answer.
 * Connections are tried anew long before a slow name server answers, and the system runs only four look-ups at a time,
 * for the whole process.
 */
export class SharedLookUps {
  readonly #lookUp: LookupFunction;
  readonly #underWay = new Map<string, Done[]>();

  constructor(lookUp: LookupFunction = systemLookUp) {
    this.#lookUp = lookUp;
  }

  /** For the option `lookup` of a socket. */
  readonly lookUp: LookupFunction = (host, options, done) => {
    const key = keyOf(host, options);
    const waiting = this.#underWay.get(key);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    const all = [done];
    this.#underWay.set(key, all);
    this.#lookUp(host, options, (...answer) => {
      this.#underWay.delete(key);
      for (const each of all) each(...answer);
    });
  };
}

// All that changes the answer.
function keyOf(host: string, options: LookUpOptions): string {
  return JSON.stringify([host, ...Object.entries(options).sort()]);
}

/** Those of this process. */
export const lookUps = new SharedLookUps();
