import { seededRandom } from '../../../test/support/random-histories.js';
import { FIRST_SEED, runsOr } from '../../../test/support/seeded-search.js';
import { SharedCounts } from './shared-counts.js';

const MINUTE_MS = 60_000;
const RUNS = runsOr(300);

/** How Redis takes what it is told. */
type Mood = 'good' | 'away' | 'done, and the answer lost';

describe('SharedCounts', () => {
  it('lets a client have what it may in a minute, then tells how long to wait', () => {
    let now = 10 * MINUTE_MS + 42_100;
    const counts = new SharedCounts(
      3,
      () => Promise.resolve(0),
      () => now,
    );
    expect([1, 2, 3].map(() => counts.take('a'))).toEqual([0, 0, 0]);
    expect([counts.take('a'), counts.take('b')]).toEqual([18, 0]);
    now += 17_900;
    expect(counts.take('a')).toBe(0);
  });

  it('knows after one exchange what another process has let through', async () => {
    const world = new World(10, 2);
    for (let i = 0; i < 9; i++) world.ask(0, 'a');
    await world.tell(0);
    expect(world.ask(1, 'a')).toBe(true);
    await world.tell(1);
    expect(world.ask(1, 'a')).toBe(false);
  });

  it('refuses nobody who has not had what he may, and lets nobody have more than what it knows of, whatever fails', async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const history = await broken(seed, 200);
      if (history === null) continue;
      for (let steps = 1; steps <= 200; steps++) {
        const shortest = await broken(seed, steps);
        if (shortest !== null) expect({ seed, steps, shortest }).toBeNull();
      }
    }
  });
});

/** Random acts of some processes. Returns what happened when a promise was broken, and null when none was. */
async function broken(seed: number, steps: number): Promise<string[] | null> {
  const random = seededRandom(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const world = new World(1 + pick(20), 1 + pick(4));
  const history: string[] = [`limit ${world.most}, ${world.processes.length} processes`];
  for (let step = 0; step < steps; step++) {
    const process = pick(world.processes.length);
    const client = 'ab'[pick(2)] ?? 'a';
    const act = random();
    if (act < 0.7) history.push(`${process} asked by ${client}: ${world.ask(process, client)}`);
    else if (act < 0.9) {
      await world.tell(process);
      history.push(`${process} tells`);
    } else if (act < 0.97) {
      world.mood = (['good', 'away', 'done, and the answer lost'] as const)[pick(3)] ?? 'good';
      history.push(`Redis: ${world.mood}`);
    } else {
      world.nextMinute();
      history.push('the next minute');
    }
    if (world.problem !== null) return [...history, world.problem];
  }
  return null;
}

/** Processes, what each has let through in this minute, and a Redis. */
class World {
  mood: Mood = 'good';
  problem: string | null = null;
  readonly processes: SharedCounts[];
  #now = 0;
  readonly #redis = new Map<string, number>();
  /** By process and client: what it let through, how much of it since it told the others, and what it heard of them. */
  readonly #let: Map<string, number>[];
  readonly #untold: Map<string, number>[];
  readonly #heard: Map<string, number>[];

  constructor(
    readonly most: number,
    count: number,
  ) {
    const now = (): number => this.#now;
    this.processes = Array.from(
      { length: count },
      () => new SharedCounts(most, (...told) => this.#add(...told), now),
    );
    [this.#let, this.#untold, this.#heard] = [1, 2, 3].map(() =>
      this.processes.map(() => new Map<string, number>()),
    ) as [Map<string, number>[], Map<string, number>[], Map<string, number>[]];
  }

  ask(process: number, client: string): boolean {
    const isLet = this.processes[process]?.take(client) === 0;
    if (isLet) {
      add(this.#let[process], client, 1);
      add(this.#untold[process], client, 1);
    }
    const inAll = this.#let.reduce((sum, counts) => sum + (counts.get(client) ?? 0), 0);
    const known = (this.#let[process]?.get(client) ?? 0) + (this.#heard[process]?.get(client) ?? 0);
    if (!isLet && inAll < this.most) this.problem = `refused after ${inAll} of ${this.most}`;
    if (isLet && known > this.most) this.problem = `let through, though ${known} are known of`;
    return isLet;
  }

  async tell(process: number): Promise<void> {
    await this.processes[process]?.tell();
    for (const client of this.#untold[process]?.keys() ?? []) {
      if (this.mood !== 'good') continue;
      const own = this.#let[process]?.get(client) ?? 0;
      const sum = this.#redis.get(this.#keyOf(client)) ?? 0;
      const before = this.#heard[process]?.get(client) ?? 0;
      this.#heard[process]?.set(client, Math.max(before, sum - own));
    }
    this.#untold[process]?.clear();
  }

  nextMinute(): void {
    this.#now += MINUTE_MS;
    for (const counts of [...this.#let, ...this.#untold, ...this.#heard]) counts.clear();
  }

  #add(minute: number, client: string, by: number): Promise<number> {
    if (this.mood === 'away') return Promise.reject(new Error('away'));
    const key = `${minute} ${client}`;
    add(this.#redis, key, by);
    if (this.mood !== 'good') return Promise.reject(new Error('the answer is lost'));
    return Promise.resolve(this.#redis.get(key) ?? 0);
  }

  #keyOf(client: string): string {
    return `${Math.floor(this.#now / MINUTE_MS)} ${client}`;
  }
}

function add(counts: Map<string, number> | undefined, key: string, by: number): void {
  counts?.set(key, (counts.get(key) ?? 0) + by);
}
