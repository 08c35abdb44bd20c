import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { stepsOf } from '../../src/cli/report/failover-steps.js';
import { RedisModule, RedisService } from '../../src/redis/index.js';
import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { fromCalendar, now, sleep } from '../common/clock.js';
import type { Heart } from './results.js';

const WRITE_EVERY_MS = 50;
const LAST_BEAT_MS = 500;
const KEY = 'drill:heartbeat';

type Failover = RedisService['failovers'][number];

/** A step of a failover, on the clock of the benchmarks. */
export interface StepAt {
  readonly label: string;
  readonly at: number;
}

/**
 * A client of the library that only watches: it writes a small key twenty times a second and notes every fact of a
 * failover. The services under load know nothing of it.
 */
export class Observer {
  private readonly failovers = new Map<number, Failover>();
  private readonly figures = { writes: 0, failed: 0, longestGapMs: 0 };
  private readonly beaten: Promise<void>;
  private lastWriteAt = now();
  private isBeating = true;

  private constructor(
    private readonly context: INestApplicationContext,
    readonly redis: RedisService,
  ) {
    const note = ({ failover }: { readonly failover: Failover }): void => {
      this.failovers.set(failover.epoch, failover);
    };
    redis.on('failover.completed', note);
    redis.on('failover.first-write', note);
    this.beaten = this.beat();
  }

  /** Connects to a cluster. */
  static async start(cluster: RedisTestCluster): Promise<Observer> {
    const module = RedisModule.forRoot(cluster.options());
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    const context = await NestFactory.createApplicationContext(module, { logger: false });
    return new Observer(context, context.get(RedisService));
  }

  /** What its writes came to until now. */
  get heart(): Heart {
    return { ...this.figures };
  }

  /** The failover that followed a moment, as steps on one time line; empty when there was none. */
  stepsAfter(moment: number): StepAt[] {
    const failover = [...this.failovers.values()].find(
      ({ switchedAt }) => fromCalendar(switchedAt) >= moment,
    );
    if (failover === undefined) return [];
    return stepsOf(failover).map(({ label, at }) => ({ label, at: fromCalendar(at) }));
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.isBeating = false;
    await Promise.race([this.beaten, sleep(LAST_BEAT_MS)]);
    await this.context.close();
  }

  private async beat(): Promise<void> {
    while (this.isBeating) {
      try {
        await this.redis.set(KEY, String(this.figures.writes));
        this.noteWrite();
      } catch {
        this.figures.failed += 1;
      }
      await sleep(WRITE_EVERY_MS);
    }
  }

  private noteWrite(): void {
    const at = now();
    this.figures.writes += 1;
    this.figures.longestGapMs = Math.max(this.figures.longestGapMs, at - this.lastWriteAt);
    this.lastWriteAt = at;
  }
}
