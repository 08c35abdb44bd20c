import { afterInput } from '../../base/timing/index.js';

interface Waiting {
  readonly give: (values: ReadonlyMap<string, unknown>) => void;
  readonly fail: (error: unknown) => void;
}

/** Makes the values of these keys with one call of the loader. */
type CallForAll = (keys: readonly string[]) => Promise<ReadonlyMap<string, unknown>>;

/**
 * Calls the loader of several keys once for all that this process may load. It waits until that is known of each
 * key, which takes one round trip. A key whose right comes later, because another process gave it up, is loaded at
 * once then, with the others of that moment: who holds rights and waits for more could wait for one who does the same.
 */
export class SharedCall {
  readonly #call: CallForAll;
  readonly #undecided: Set<string>;
  #waiting = new Map<string, Waiting>();
  #isDue = false;
  /** What may be loaded at first is known. */
  #isDecided = false;

  /** @param keys - of which each must be decided: by {@link SharedCall.load} or {@link SharedCall.leaveOut} */
  constructor(keys: readonly string[], call: CallForAll) {
    this.#undecided = new Set(keys);
    this.#call = call;
  }

  /** Returns the value of a key, with the next call. */
  load(key: string): Promise<unknown> {
    const value = new Promise<unknown>((resolve, reject) => {
      const give = (values: ReadonlyMap<string, unknown>): void => {
        resolve(values.get(key));
      };
      this.#waiting.set(key, { give, fail: reject });
    });
    this.leaveOut(key);
    return value;
  }

  /** The call need not wait until it is known who loads this key. */
  leaveOut(key: string): void {
    this.#undecided.delete(key);
    if (this.#undecided.size > 0 || this.#isDue) return;
    this.#isDue = true;
    if (!this.#isDecided) void this.#callNow();
    else afterInput(() => void this.#callNow());
  }

  async #callNow(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#isDue = false;
    this.#isDecided = true;
    if (waiting.size === 0) return;
    try {
      const values = await this.#call([...waiting.keys()]);
      for (const { give } of waiting.values()) give(values);
    } catch (error) {
      for (const { fail } of waiting.values()) fail(error);
    }
  }
}
