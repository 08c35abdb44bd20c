import { seededRandom } from '../../test/support/random-histories.js';
import { sleep } from '../common/clock.js';
import { judge, type NearVerdict } from './judge.js';
import { HEARTBEAT } from './near-plan.js';
import type { NearCallee, NearStage } from './stage.js';

/** What is done to the processes and to Redis. */
export const NEAR_FAULTS = [
  'data-killed',
  'subscription-killed',
  'flushall',
  'flushdb',
  'reader-killed',
  'writer-killed',
  'primary-unreachable',
  'primary-killed',
  'primary-frozen',
  'primary-moved',
] as const;

/** One of them. */
export type NearFault = (typeof NEAR_FAULTS)[number];

/** How old an answer may be, by design. */
export const NEAR_BOUNDS = {
  toldMs: 50,
  detectionMs: HEARTBEAT.heartbeatIntervalMs + HEARTBEAT.heartbeatTimeoutMs,
};

/** What one run came to. */
export interface NearRun {
  readonly faults: Readonly<Partial<Record<NearFault, number>>>;
  readonly counts: NearStage['counts'];
  readonly writes: number;
  readonly versionsSeen: number;
  readonly verdict: NearVerdict;
}

const UNREACHABLE_MS = 1_500;
const PAUSE_MS = 300;
const NEAR_SHARE = 0.25;

/** Lets faults happen in an order that the seed decides, until there were so many of each of them and so many reads. */
export async function runNear<P extends NearCallee>(
  stage: NearStage<P>,
  { seed, reads, rounds, faults }: NearOrder,
): Promise<NearRun> {
  const random = seededRandom(seed);
  const done: Partial<Record<NearFault, number>> = {};
  // For seconds after a fault few reads are answered by near copies, and those are what is judged.
  const isEnough = (): boolean => stage.reads >= reads && stage.counts.near >= reads * NEAR_SHARE;
  for (let round = 0; round < rounds || !isEnough(); round++) {
    for (const fault of shuffled(round < rounds ? faults : [], random)) {
      await sleep(PAUSE_MS * (1 + random()));
      await inject(stage, fault, Math.floor(random() * 1_000));
      done[fault] = (done[fault] ?? 0) + 1;
    }
    await sleep(PAUSE_MS);
  }
  await stage.end();
  const { writes, flushes, silent, sightings } = stage;
  return {
    faults: done,
    counts: stage.counts,
    writes: writes.length,
    versionsSeen: sightings.length,
    verdict: judge({ writes, flushes, silent, sightings }, NEAR_BOUNDS),
  };
}

/** How long a run is, and what happens in it. */
export interface NearOrder {
  readonly seed: number;
  /** At least so many reads. */
  readonly reads: number;
  /** How often each fault happens. */
  readonly rounds: number;
  readonly faults: readonly NearFault[];
}

function inject<P extends NearCallee>(
  stage: NearStage<P>,
  fault: NearFault,
  choice: number,
): Promise<void> {
  const { cluster } = stage;
  const actions: Readonly<Record<NearFault, () => Promise<void>>> = {
    'data-killed': () => stage.killConnections('normal'),
    'subscription-killed': () => stage.killConnections('pubsub'),
    flushall: () => stage.flush('FLUSHALL'),
    flushdb: () => stage.flush('FLUSHDB'),
    'reader-killed': () => stage.killOne('reader', choice),
    'writer-killed': () => stage.killOne('writer', choice),
    'primary-unreachable': () =>
      stage.silence(async () => {
        const { proxy } = cluster.primary();
        proxy.blackHole();
        await sleep(UNREACHABLE_MS);
        proxy.heal();
      }),
    'primary-killed': () =>
      stage.changePrimary(
        (node) => node.kill(),
        (node) => node.restart(),
      ),
    'primary-frozen': () =>
      stage.silence(() =>
        stage.changePrimary(
          (node) => node.freeze(),
          (node) => {
            node.thaw();
          },
        ),
      ),
    'primary-moved': () =>
      stage.changePrimary(
        () => cluster.failover(),
        () => undefined,
      ),
  };
  return actions[fault]();
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const left = [...list];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random() * left.length), 1));
  return order;
}
