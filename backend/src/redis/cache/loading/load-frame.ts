import { AsyncLocalStorage } from 'node:async_hooks';

const frames = new AsyncLocalStorage<LoadFrame>();
let open = 0;

/** A loader under way. What it calls knows that it was called by this loader, and by whose loader that was called. */
export class LoadFrame {
  readonly #owner: object;
  readonly #keys: readonly string[];
  readonly #within: LoadFrame | undefined = open === 0 ? undefined : frames.getStore();
  #isOver = false;

  /** @param owner - keeps the keys apart from those of other namespaces */
  constructor(owner: object, keys: readonly string[]) {
    this.#owner = owner;
    this.#keys = keys;
    open++;
  }

  /** Whether the loader of this very key is who asks now, itself or through loaders of other keys. */
  static isAskedByLoaderOf(key: string, owner: object): boolean {
    if (open === 0) return false;
    for (let frame = frames.getStore(); frame !== undefined; frame = frame.#within) {
      if (!frame.#isOver && frame.#owner === owner && frame.#keys.includes(key)) return true;
    }
    return false;
  }

  /** Calls the loader. */
  async run<T>(loader: () => T | Promise<T>): Promise<T> {
    return frames.run(this, async () => loader());
  }

  /** Nobody waits for the loader any more. */
  end(): void {
    this.#isOver = true;
    // While it is on, Node follows every promise of the process: a hit in memory takes twice as long.
    if (--open === 0) frames.disable();
  }
}
