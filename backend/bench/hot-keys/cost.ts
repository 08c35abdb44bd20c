import { startRedisCluster } from '../../src/redis/testing/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { Child } from '../common/child.js';
import { placeOf } from '../common/place.js';
import { mean } from '../../src/cli/measure/statistics.js';

/** A client that counts accesses, one that does not, and another one that does not: those two differ by chance. */
export type Side = 'counting' | 'without' | 'without, again';

/** What is measured. */
export type Operation = 'GET' | 'SET';

/** What counting costs. */
export interface Cost {
  /** On a cluster, or with a Redis that is in the process. */
  readonly where: 'cluster' | 'in memory';
  readonly operation: Operation;
  /** Processor time of one call, as a part of that without counting: one for each round. */
  readonly counting: readonly number[];
  readonly chance: readonly number[];
  /** How many nanoseconds more a call takes with counting. */
  readonly moreNs: readonly number[];
}

/** So many rounds, and then another process: what one compiles well by luck must not decide. */
const ROUNDS_OF_A_PROCESS = 50;
const WARM_UP_ROUNDS = 8;
// The one that counts stands between the others, so that what gets slower meanwhile hits all alike; and each comes after
// another one, so that none finds the caches of the processor as it left them.
const SIDES = ['without', 'counting', 'without, again'] as const;
const TWICE: readonly Side[] = [...SIDES, ...SIDES];

/** Measures the processor time of calls with and without counting, in short slices that take turns. */
export async function measureCost(rounds: number, sliceMs: number): Promise<Cost[]> {
  await using cluster = await startRedisCluster({ downAfterMs: 3000 });
  const inMemory = await measureAt(null, rounds, sliceMs);
  return [...inMemory, ...(await measureAt(placeOf(cluster), rounds, sliceMs))];
}

async function measureAt(
  place: ClusterPlace | null,
  rounds: number,
  sliceMs: number,
): Promise<Cost[]> {
  const cost = (['GET', 'SET'] as const).map((operation) => ({
    where: place === null ? ('in memory' as const) : ('cluster' as const),
    operation,
    counting: [] as number[],
    chance: [] as number[],
    moreNs: [] as number[],
  }));
  for (let done = 0; done < rounds; done += ROUNDS_OF_A_PROCESS) {
    const child = Child.start(
      'a process that counts',
      new URL('./cost-process.js', import.meta.url),
    );
    try {
      await child.call('open', place, SIDES);
      for (let round = -WARM_UP_ROUNDS; round < ROUNDS_OF_A_PROCESS; round++) {
        for (const { operation, counting, chance, moreNs } of cost) {
          const spent = await oneRound(child, operation, sliceMs);
          if (round < 0) continue;
          const without = mean([spent('without'), spent('without, again')]);
          counting.push(spent('counting') / without);
          chance.push(spent('without, again') / spent('without'));
          moreNs.push(1_000 * (spent('counting') - without));
        }
      }
      await child.call('close');
    } finally {
      await child.end();
    }
  }
  return cost;
}

async function oneRound(
  child: Child,
  operation: Operation,
  ms: number,
): Promise<(side: Side) => number> {
  const spent: { readonly side: Side; readonly micros: number }[] = [];
  for (const side of TWICE) {
    spent.push({ side, micros: await child.call<number>('slice', side, operation, ms) });
  }
  return (side) => mean(spent.filter((one) => one.side === side).map(({ micros }) => micros));
}
