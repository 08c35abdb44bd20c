import { startRedisCluster } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { now, sleepUntil } from '../common/clock.js';
import { placeOf } from '../common/place.js';
import type { ConsumerAccount, ConsumerOrder } from './client-process.js';
import { VARIANTS, type Variant } from './connections.js';
import type { ConsumerName } from './consumer.js';
import type { Fault } from './faults.js';

/** What goes through a fault, and how long. */
export interface RunOptions {
  readonly consumers: readonly ConsumerName[];
  /** Jobs of each queue, all of them added while the fault lasts and around it. */
  readonly jobs: number;
  readonly seconds: number;
}

/** What became of one consumer. */
export interface ConsumerResult extends ConsumerAccount {
  readonly consumer: ConsumerName;
  readonly variant: Variant;
}

/** What became of all consumers in one fault. */
export interface FaultRun {
  readonly fault: string;
  readonly title: string;
  readonly results: readonly ConsumerResult[];
}

const CALM_MS = 3000;
const OTHERS_PER_SECOND = 20;
// A job whose worker lost sight of it is found again when its lock has expired, after half a minute, at the next look.
const JOBS_GRACE_MS = 75_000;
const GRACE_MS = 12_000;

interface Running {
  readonly consumer: ConsumerName;
  readonly variant: Variant;
  readonly child: Child;
}

/** Runs every consumer over ours and over ioredis, each in a process of its own, all through the same fault. */
export async function runFault(fault: Fault, options: RunOptions): Promise<FaultRun> {
  await using cluster = await startRedisCluster({ downAfterMs: 3000 });
  const module = new URL('./client-process.js', import.meta.url);
  const all: Running[] = options.consumers.flatMap((consumer) =>
    VARIANTS.map((variant) => {
      return { consumer, variant, child: Child.start(`${consumer} over ${variant}`, module) };
    }),
  );
  try {
    const place = placeOf(cluster);
    // One after the other: what they load keeps the processor busy.
    for (const { consumer, variant, child } of all) {
      const perSecond = isQueue(consumer) ? options.jobs / options.seconds : OTHERS_PER_SECOND;
      const order: ConsumerOrder = { consumer, variant, place, perSecond };
      await child.call('start', order);
    }
    const startedAt = now();
    await Promise.all(all.map(({ child }) => child.call('load')));
    await sleepUntil(startedAt + CALM_MS);
    await fault.play(cluster);
    await sleepUntil(startedAt + options.seconds * 1000);
    const results = await Promise.all(all.map(finish));
    await Promise.all(all.map(({ child }) => child.call('close')));
    return { fault: fault.name, title: fault.title, results };
  } finally {
    await Promise.all(all.map(({ child }) => child.end()));
  }
}

async function finish({ consumer, variant, child }: Running): Promise<ConsumerResult> {
  const graceMs = isQueue(consumer) ? JOBS_GRACE_MS : GRACE_MS;
  return { consumer, variant, ...(await child.call<ConsumerAccount>('finish', graceMs)) };
}

/** Returns whether it is given jobs: those are counted, and may take their time. */
export function isQueue(consumer: ConsumerName): boolean {
  return consumer.startsWith('bullmq');
}
