import { RedisHaError, type RedisService } from '../../src/redis/index.js';

/** How hard to drive. */
export interface LoadOptions {
  /** Operations a second: half SET, a quarter INCR, a quarter GET. @defaultValue 400 */
  readonly opsPerSecond?: number;
  /** Distinguishes the keys of several loads on one cluster. @defaultValue a new number */
  readonly name?: string;
}

/** One operation that failed. */
export interface LoadError {
  readonly command: 'set' | 'incr' | 'get';
  readonly code: string;
  readonly message: string;
}

/** The outcome of a load. */
export interface LoadReport {
  readonly writesAcknowledged: number;
  readonly readsServed: number;
  /** Everything that failed, except for COMMAND_UNCERTAIN. */
  readonly errors: readonly LoadError[];
  /** Writes that were reported as uncertain, by command. */
  readonly uncertain: { readonly set: number; readonly incr: number };
  readonly incrAcknowledged: number;
  /** Reads that returned a value that was never written under that key. */
  readonly wrongReads: readonly string[];
  /** Numbers that INCR returned more than once, or not in the order of the calls. */
  readonly repeatedCounts: number;
  /** Longest time without a successful operation of the kind, in ms. */
  readonly writeGapMs: number;
  readonly readGapMs: number;
  /** Operations that were not settled long after every deadline. */
  readonly hung: number;
}

/** How much of what was acknowledged the primary holds. */
export interface LedgerCheck {
  readonly checked: number;
  /** Acknowledged keys that are not there, or not with their value. */
  readonly lost: readonly string[];
  readonly counter: number;
}

const TICK_MS = 10;
const HUNG_AFTER_MS = 25_000;
let loads = 0;

/**
 * An open-loop load: it starts operations at its own pace, however long the answers take, and keeps a ledger
 * of what Redis acknowledged. Each SET has a key of its own, so anything lost is seen.
 */
export class Load {
  readonly #redis: RedisService;
  readonly #name: string;
  readonly #perTick: number;
  readonly #timer: NodeJS.Timeout;
  readonly #acknowledged = new Map<string, string>();
  readonly #errors: LoadError[] = [];
  readonly #wrongReads: string[] = [];
  readonly #counts = new Set<number>();
  readonly #uncertain = { set: 0, incr: 0 };
  readonly #pending = new Set<Promise<void>>();
  readonly #gaps = { write: new GapMeter(), read: new GapMeter() };
  #repeatedCounts = 0;
  #readsServed = 0;
  #step = 0;
  #debt = 0;

  constructor(redis: RedisService, { opsPerSecond = 400, name }: LoadOptions = {}) {
    this.#redis = redis;
    this.#name = name ?? `load-${String(++loads)}`;
    this.#perTick = (opsPerSecond * TICK_MS) / 1000;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Name of the key that INCR counts in. */
  get counterKey(): string {
    return `${this.#name}:counter`;
  }

  /** Errors so far. */
  get errors(): readonly LoadError[] {
    return this.#errors;
  }

  /** Writes that were acknowledged so far. */
  get writesAcknowledged(): number {
    return this.#acknowledged.size + this.#counts.size + this.#repeatedCounts;
  }

  /** Reads that were served so far. */
  get readsServed(): number {
    return this.#readsServed;
  }

  /** Starts to measure gaps again, from now on. */
  resetGaps(): void {
    this.#gaps.write.reset();
    this.#gaps.read.reset();
  }

  /** Ends the load and waits until every operation has an outcome. Calling it twice is harmless. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, HUNG_AFTER_MS).unref();
    });
    await Promise.race([Promise.all(this.#pending), late]);
    const incrAcknowledged = this.#counts.size + this.#repeatedCounts;
    return {
      writesAcknowledged: this.writesAcknowledged,
      readsServed: this.#readsServed,
      errors: this.#errors,
      uncertain: { ...this.#uncertain },
      incrAcknowledged,
      wrongReads: this.#wrongReads,
      repeatedCounts: this.#repeatedCounts,
      writeGapMs: this.#gaps.write.longestMs,
      readGapMs: this.#gaps.read.longestMs,
      hung: this.#pending.size,
    };
  }

  /** Checks on the current primary whether everything acknowledged is there. */
  async check(): Promise<LedgerCheck> {
    const redis = this.#redis.with({ readPolicy: 'primary', timeoutMs: 5000 });
    const entries = [...this.#acknowledged];
    const lost: string[] = [];
    for (let i = 0; i < entries.length; i += 500) {
      const page = entries.slice(i, i + 500);
      const values = await redis.mget(page.map(([key]) => key));
      page.forEach(([key, value], at) => {
        if (values[at] !== value) lost.push(key);
      });
    }
    return { checked: entries.length, lost, counter: Number(await redis.get(this.counterKey)) };
  }

  #tick(): void {
    this.#debt += this.#perTick;
    for (; this.#debt >= 1; this.#debt--) {
      const step = this.#step++;
      if (step % 2 === 0) this.#track('set', this.#set(step));
      else if (step % 4 === 1) this.#track('incr', this.#incr());
      else this.#track('get', this.#get());
    }
  }

  #track(command: LoadError['command'], operation: Promise<void>): void {
    const settled: Promise<void> = operation
      .catch((error: unknown) => this.#note(command, error))
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  async #set(step: number): Promise<void> {
    const key = `${this.#name}:${String(step)}`;
    await this.#redis.set(key, valueOf(key));
    this.#acknowledged.set(key, valueOf(key));
    this.#gaps.write.mark();
  }

  async #incr(): Promise<void> {
    const count = await this.#redis.incr(this.counterKey);
    // After a failover that lost writes, the counter may return a number a second time.
    if (this.#counts.has(count)) this.#repeatedCounts++;
    this.#counts.add(count);
    this.#gaps.write.mark();
  }

  async #get(): Promise<void> {
    const step = Math.max(0, this.#step - 40) & ~1;
    const key = `${this.#name}:${String(step)}`;
    const value = await this.#redis.get(key);
    // A replica may not have the value yet; it must never return the value of another key.
    if (value !== null && value !== valueOf(key)) this.#wrongReads.push(`${key} = ${value}`);
    this.#readsServed++;
    this.#gaps.read.mark();
  }

  #note(command: LoadError['command'], error: unknown): void {
    const code = RedisHaError.is(error) ? error.code : 'NOT_OURS';
    if (code === 'COMMAND_UNCERTAIN' && command !== 'get') {
      this.#uncertain[command]++;
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#errors.push({ command, code, message });
  }
}

/** Starts a load. End it with {@link Load.stop}, also when the test fails. */
export function startLoad(redis: RedisService, options?: LoadOptions): Load {
  return new Load(redis, options);
}

/** The errors of a report by code, for assertions whose message says what went wrong. */
export function countByCode(errors: readonly LoadError[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { command, code } of errors) {
    const name = `${command} ${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function valueOf(key: string): string {
  return `value of ${key}`;
}

class GapMeter {
  #last = performance.now();
  #longest = 0;

  get longestMs(): number {
    return this.#longest;
  }

  mark(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }

  reset(): void {
    this.#last = performance.now();
    this.#longest = 0;
  }
}
