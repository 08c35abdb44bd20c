import { startRedisCluster } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { sleep } from '../common/clock.js';
import { placeOf } from '../common/place.js';
import type { Leg, SteadyOperation } from './client-process.js';
import type { Contestant } from './contestants.js';

/** How long the race is. */
export interface RaceOptions {
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly legMs: number;
}

/** All legs of one contestant with one operation, round after round. */
export interface Track {
  readonly contestant: Contestant;
  readonly operation: SteadyOperation;
  readonly legs: Leg[];
}

const OPERATIONS: readonly SteadyOperation[] = ['get', 'set'];
const WARM_UP_MS = 1000;
const BREATH_MS = 50;

/** Lets the contestants run one after the other, round after round, each in its own process. */
export async function race({ contestants, rounds, legMs }: RaceOptions): Promise<Track[]> {
  await using cluster = await startRedisCluster({ downAfterMs: 3000 });
  const primary = cluster.primary().address;
  const children = new Map<Contestant, Child>();
  const tracks = OPERATIONS.flatMap((operation) =>
    contestants.map((contestant): Track => ({ contestant, operation, legs: [] })),
  );
  try {
    for (const contestant of contestants) {
      const child = Child.start(contestant, new URL('./client-process.js', import.meta.url));
      children.set(contestant, child);
      await child.call('open', contestant, placeOf(cluster), { ...primary });
    }
    const run = async ({ contestant, operation }: Track, ms: number): Promise<Leg> => {
      await sleep(BREATH_MS);
      const child = children.get(contestant);
      if (child === undefined) throw new Error(`there is no ${contestant}`);
      return child.call('leg', operation, ms);
    };
    for (const track of tracks) await run(track, Math.min(WARM_UP_MS, legMs));
    for (let round = 0; round < rounds; round++) {
      for (const track of tracks) track.legs.push(await run(track, legMs));
    }
    await Promise.all([...children.values()].map((child) => child.call('close')));
    return tracks;
  } finally {
    await Promise.all([...children.values()].map((child) => child.end()));
  }
}
