import { now, sleep } from '../common/clock.js';
import type { NearPlan, NearReport, Sighting } from './near-plan.js';

/** How a version is read. */
export interface ReadVersion {
  readonly read: (key: string) => Promise<number | undefined>;
  /** How many reads were answered by near copies so far. */
  readonly nearReads: () => number;
  /** How often Redis could not be asked, and memory answered with what it had: such an answer is not judged. */
  readonly withoutRedis: () => number;
}

const BATCH = 32;
const PAUSE_MS = 1;

/** Reads keys over and over, and remembers when it got which version for the last time. */
export class NearReader {
  #isOver = false;
  #sightings = new Map<string, Map<number, { nearAt: number; farAt: number }>>();
  #counts = { writes: 0, near: 0, far: 0, failed: 0 };
  #loop: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly plan: NearPlan,
    private readonly reading: ReadVersion,
    private readonly random: () => number,
  ) {}

  start(): void {
    this.#loop = this.#readAll();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
  }

  take(): NearReport {
    const sightings: Sighting[] = [];
    for (const [key, versions] of this.#sightings) {
      for (const [version, times] of versions) sightings.push({ key, version, ...times });
    }
    const report = { writes: [], sightings, counts: this.#counts };
    this.#sightings = new Map();
    this.#counts = { writes: 0, near: 0, far: 0, failed: 0 };
    return report;
  }

  async #readAll(): Promise<void> {
    while (!this.#isOver) {
      // What has arrived until here is read before the next line but one: a process cannot know more.
      const lookedAt = now();
      await new Promise((resolve) => setImmediate(resolve));
      // Near copies answer at once, all in this turn; what Redis must be asked for is asked for together.
      await Promise.all(
        Array.from({ length: BATCH }, () => this.#readOne(this.#anyKey(), lookedAt)),
      );
      await sleep(PAUSE_MS);
    }
  }

  async #readOne(key: string, lookedAt: number): Promise<void> {
    const askedAt = now();
    const before = this.reading.nearReads();
    const withoutBefore = this.reading.withoutRedis();
    try {
      const answer = this.reading.read(key);
      const isNear = this.reading.nearReads() > before;
      const version = await answer;
      this.#counts[isNear ? 'near' : 'far']++;
      if (version === undefined) return;
      if (isNear) this.#note(key, version, isNear, lookedAt);
      else if (this.reading.withoutRedis() === withoutBefore)
        this.#note(key, version, isNear, askedAt);
    } catch {
      this.#counts.failed++;
    }
  }

  #note(key: string, version: number, isNear: boolean, at: number): void {
    const versions =
      this.#sightings.get(key) ?? new Map<number, { nearAt: number; farAt: number }>();
    this.#sightings.set(key, versions);
    const times = versions.get(version) ?? { nearAt: 0, farAt: 0 };
    versions.set(version, times);
    if (isNear) times.nearAt = at;
    else times.farAt = at;
  }

  #anyKey(): string {
    return this.plan.keys[Math.floor(this.random() * this.plan.keys.length)] ?? '';
  }
}
