const MINUTE_MS = 60_000;
const MAX_CLIENTS = 50_000;
const MAX_TOLD = 1000;

interface Count {
  /** What was let through by this process, and how much of it the others were told. */
  here: number;
  told: number;
  /** What other processes have let through, as far as this one knows: never more than it was. */
  elsewhere: number;
}

/** Adds to what all processes have let through for a client in a minute. Returns the sum. */
export type AddForAll = (minute: number, client: string, by: number) => Promise<number>;

/**
 * Counts what clients ask for in a minute of the clock. A request is judged by what this process knows, so it waits for
 * nobody. Now and then the others are told how many there were, and that answer says how many they had. Where it fails,
 * or nobody knows whether it was counted, it is taken as told: what others do not hear lets a client have more, and never less, than it may.
 */
export class SharedCounts {
  #minute = -1;
  #counts = new Map<string, Count>();
  #untold = new Set<string>();

  constructor(
    private readonly most: number,
    private readonly addForAll: AddForAll,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether there is something that others do not know. */
  get hasNews(): boolean {
    return this.#untold.size > 0;
  }

  /** Lets a request through and returns 0; or the seconds after which it may be tried again. */
  take(client: string): number {
    const now = this.now();
    this.#turnTo(Math.floor(now / MINUTE_MS));
    const count = this.#counts.get(client) ?? this.#begin(client);
    if (count.here + count.elsewhere >= this.most)
      return Math.ceil((MINUTE_MS - (now % MINUTE_MS)) / 1000);
    count.here++;
    this.#untold.add(client);
    return 0;
  }

  /** Tells the others, of a bounded number of clients at a time. Never fails. */
  async tell(): Promise<void> {
    const minute = this.#minute;
    const telling: Promise<void>[] = [];
    for (const client of this.#untold) {
      if (telling.length === MAX_TOLD) break;
      this.#untold.delete(client);
      const count = this.#counts.get(client);
      if (count !== undefined) telling.push(this.#tellOf(minute, client, count));
    }
    await Promise.all(telling);
  }

  async #tellOf(minute: number, client: string, count: Count): Promise<void> {
    const by = count.here - count.told;
    count.told = count.here;
    const told = count.told;
    const sum = await this.addForAll(minute, client, by).catch(() => 0);
    count.elsewhere = Math.max(count.elsewhere, sum - told);
  }

  #begin(client: string): Count {
    const oldest = this.#counts.keys().next().value;
    if (this.#counts.size >= MAX_CLIENTS && oldest !== undefined) this.#counts.delete(oldest);
    const count = { here: 0, told: 0, elsewhere: 0 };
    this.#counts.set(client, count);
    return count;
  }

  #turnTo(minute: number): void {
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#counts = new Map();
    this.#untold = new Set();
  }
}
