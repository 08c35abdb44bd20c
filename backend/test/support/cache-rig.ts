import { RedisCache, type CacheOptions } from '../../src/redis/cache/index.js';
import { EventBus, type RedisHaEvent } from '../../src/redis/base/events/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { MemoryKeyspace, MemoryServer } from './memory-keyspace.js';

/** One process with a cache. */
export interface CacheProcess {
  readonly cache: RedisCache;
  readonly events: RedisHaEvent[];
  /** The keyspace of a namespace; without a name, that of the default namespace. */
  behind(name?: string): MemoryKeyspace;
}

/** Several processes with a cache over one server, on a clock that is moved by hand. */
export class CacheRig {
  readonly clock = new ManualClock();
  readonly server = new MemoryServer(this.clock);
  readonly #processes: CacheProcess[] = [];
  /** The next random number. */
  chance = 0;

  /** Starts a process. */
  start(defaults: CacheOptions = {}): CacheProcess {
    const { clock, server } = this;
    const bus = new EventBus();
    const events: RedisHaEvent[] = [];
    bus.onAny((event) => events.push(event));
    const spaces = new Map<string, MemoryKeyspace>();
    const origin = String(this.#processes.length + 1).padStart(16, '0');
    const cache = new RedisCache({
      openKeyspace: (name, settings) => {
        const space = new MemoryKeyspace(server, { ...settings, name, origin });
        spaces.set(name, space);
        return space;
      },
      clock,
      random: () => this.chance,
      bus,
      defaults,
    });
    const behind = (name = 'default'): MemoryKeyspace => spaces.get(name)!;
    const process = { cache, events, behind };
    this.#processes.push(process);
    return process;
  }

  /** Closes all of them. No call may be left waiting. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map(({ cache }) => cache.close()));
  }
}

/** A loader that ends when the test says so. */
export class HeldLoader<T> {
  /** How often it was called. */
  calls = 0;
  /** The signals it was given. */
  readonly signals: AbortSignal[] = [];
  readonly #open: { resolve(value: T): void; reject(error: unknown): void }[] = [];

  readonly load = ({ signal }: { readonly signal: AbortSignal }): Promise<T> => {
    this.calls++;
    this.signals.push(signal);
    return new Promise((resolve, reject) => this.#open.push({ resolve, reject }));
  };

  /** Ends the oldest call that waits. */
  answer(value: T): void {
    this.#open.shift()?.resolve(value);
  }

  /** Lets the oldest call that waits fail. */
  fail(error: unknown): void {
    this.#open.shift()?.reject(error);
  }
}

/** Lets everything run that waits for a promise. */
export function turns(count = 5): Promise<void> {
  const turn = (left: number): Promise<void> =>
    left === 0
      ? Promise.resolve()
      : new Promise<void>((r) => setImmediate(r)).then(() => turn(left - 1));
  return turn(count);
}
