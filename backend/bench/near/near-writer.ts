import type { RedisService } from '../../src/redis/index.js';
import { now, sleep } from '../common/clock.js';
import type { NearPlan, NearReport, NearWrite } from './near-plan.js';

/** Writes a version. Returns whether Redis has acknowledged it. */
export type WriteVersion = (key: string, version: number) => Promise<boolean>;

interface Written extends Omit<NearWrite, 'confirmedAt'> {
  readonly primary: string | null;
}

const PAUSE_MS = 1;
const WRITES_AT_ONCE = 2;
const CONFIRM_EVERY_MS = 20;
const CONFIRM_MS = 500;
const REPLICAS = 2;

/**
 * Writes its keys over and over, each time with a later version. What it reports all replicas have: whoever becomes
 * the primary. Redis sends replicas its writes in their order, so one that is confirmed confirms those before it.
 */
export class NearWriter {
  #version: number;
  #isOver = false;
  #pending: Written[] = [];
  #confirmed: NearWrite[] = [];
  #counts = { writes: 0, near: 0, far: 0, failed: 0 };
  #loops: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly redis: RedisService,
    private readonly plan: NearPlan,
    private readonly write: WriteVersion,
    private readonly random: () => number,
  ) {
    this.#version = plan.firstVersion;
  }

  start(): void {
    this.#loops = Promise.all([this.#writeAll(), this.#confirmAll()]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loops;
  }

  take(): NearReport {
    const report = { writes: this.#confirmed, sightings: [], counts: this.#counts };
    this.#confirmed = [];
    this.#counts = { writes: 0, near: 0, far: 0, failed: 0 };
    return report;
  }

  async #writeAll(): Promise<void> {
    while (!this.#isOver) {
      // One at a time for each key: two at once would have no order.
      const keys = new Set(Array.from({ length: WRITES_AT_ONCE }, () => this.#anyKey()));
      await Promise.all([...keys].map((key) => this.#writeOne(key)));
      await sleep(PAUSE_MS);
    }
  }

  async #writeOne(key: string): Promise<void> {
    const version = ++this.#version;
    const primary = this.#primary();
    try {
      if (!(await this.write(key, version))) return;
      this.#pending.push({ key, version, ackedAt: now(), primary });
      this.#counts.writes++;
    } catch {
      this.#counts.failed++;
    }
  }

  async #confirmAll(): Promise<void> {
    while (!this.#isOver) {
      await sleep(CONFIRM_EVERY_MS);
      const written = this.#pending;
      this.#pending = [];
      const isConfirmed = await this.redis
        .with({ replicas: REPLICAS, timeoutMs: CONFIRM_MS })
        .set(`confirmed:${this.plan.name}`, String(this.#version))
        .then(
          () => true,
          () => false,
        );
      // Another primary may lack what only this one has acknowledged.
      const primary = this.#primary();
      const sure = written.filter((one) => one.primary !== null && one.primary === primary);
      const confirmedAt = now();
      if (isConfirmed) this.#confirmed.push(...sure.map((one) => ({ ...one, confirmedAt })));
      else this.#pending = [...sure, ...this.#pending];
    }
  }

  #primary(): string | null {
    const { primary, epoch } = this.redis.status;
    if (primary === null) return null;
    return `${primary.address.host}:${String(primary.address.port)} ${String(epoch)}`;
  }

  #anyKey(): string {
    return this.plan.keys[Math.floor(this.random() * this.plan.keys.length)] ?? '';
  }
}
