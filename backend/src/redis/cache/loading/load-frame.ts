import { AsyncLocalStorage } from 'node:async_hooks';
import type { Stop } from '../../base/timing/index.js';

const frames = new AsyncLocalStorage<LoadFrame>();
const nothing: Stop = () => undefined;
let open = 0;

/** A key whose load a loader waits for. */
interface Wait {
  readonly owner: object;
  readonly key: string;
  /** The loader that waits; those that wait for it wait for the key, too. */
  readonly by: LoadFrame;
}

/**
 * A loader under way. What it calls knows that it was called by this loader, and by whose loader that was called.
 * So it can be told in time that loaders of one process would wait for each other.
 */
export class LoadFrame {
  /** The loaders under way, by the namespace and the key they load. */
  static readonly #loading = new WeakMap<object, Map<string, Set<LoadFrame>>>();
  readonly #owner: object;
  readonly #keys: readonly string[];
  readonly #within: LoadFrame | undefined = open === 0 ? undefined : frames.getStore();
  readonly #waits = new Set<Wait>();
  #isOver = false;

  /** @param owner - keeps the keys apart from those of other namespaces */
  constructor(owner: object, keys: readonly string[]) {
    this.#owner = owner;
    this.#keys = keys;
    for (const key of keys) LoadFrame.#loadersOf(owner, key).add(this);
    open++;
  }

  /**
   * Whether whoever asks now is a loader that would wait for itself: for its own key, or for one whose loader
   * waits, over any number of others, for a key of it.
   */
  static wouldWaitForItself(key: string, owner: object): boolean {
    if (open === 0) return false;
    const asker = frames.getStore();
    return asker !== undefined && asker.#isWaitedForBy(owner, key, new Set());
  }

  /** Notes that whoever asks now waits for the load of a key, which somebody else has begun. Returns how to end that. */
  static waitFor(key: string, owner: object): Stop {
    const by = open === 0 ? undefined : frames.getStore();
    if (by === undefined) return nothing;
    const wait = { owner, key, by };
    for (const frame of by.#chain()) frame.#waits.add(wait);
    return () => {
      for (const frame of by.#chain()) frame.#waits.delete(wait);
    };
  }

  /** Calls the loader. */
  async run<C, T>(loader: (context: C) => T | Promise<T>, context: C): Promise<T> {
    return frames.run(this, loader, context);
  }

  /** Nobody waits for the loader any more. */
  end(): void {
    this.#isOver = true;
    const loading = LoadFrame.#loading.get(this.#owner);
    for (const key of this.#keys) {
      const loaders = loading?.get(key);
      loaders?.delete(this);
      if (loaders?.size === 0) loading?.delete(key);
    }
    // While it is on, Node follows every promise of the process: a hit in memory takes twice as long.
    if (--open === 0) frames.disable();
  }

  static #loadersOf(owner: object, key: string): Set<LoadFrame> {
    const ofOwner = LoadFrame.#loading.get(owner) ?? new Map<string, Set<LoadFrame>>();
    LoadFrame.#loading.set(owner, ofOwner);
    const loaders = ofOwner.get(key) ?? new Set();
    ofOwner.set(key, loaders);
    return loaders;
  }

  #isWaitedForBy(owner: object, key: string, seen: Set<LoadFrame>): boolean {
    for (const loader of LoadFrame.#loading.get(owner)?.get(key) ?? []) {
      if (this.#isCalledBy(loader)) return true;
      if (seen.has(loader)) continue;
      seen.add(loader);
      for (const wait of loader.#waits) {
        // A loader whose time is over keeps nobody waiting, whatever it still does.
        if (!wait.by.#isHolding(loader)) continue;
        if (this.#isWaitedForBy(wait.owner, wait.key, seen)) return true;
      }
    }
    return false;
  }

  #isCalledBy(loader: LoadFrame): boolean {
    for (const frame of this.#chain()) if (frame === loader) return true;
    return false;
  }

  #isHolding(outer: LoadFrame): boolean {
    for (const frame of this.#chain()) {
      if (frame.#isOver) return false;
      if (frame === outer) return true;
    }
    return false;
  }

  *#chain(): Generator<LoadFrame> {
    yield this;
    for (let frame = this.#within; frame !== undefined; frame = frame.#within) yield frame;
  }
}
