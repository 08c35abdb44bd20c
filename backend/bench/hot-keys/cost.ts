import { startRedisCluster } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { placeOf } from '../common/place.js';
import { mean } from '../common/statistics.js';

/** A client that counts accesses, one that does not, and another one that does not: those two differ by chance. */
export type Side = 'counting' | 'without' | 'without, again';

/** What is measured. */
export type Operation = 'GET' | 'SET';

/** What counting costs. */
export interface Cost {
  readonly operation: Operation;
  /** Processor time of one call, as a part of that without counting: one for each round. */
  readonly counting: readonly number[];
  readonly chance: readonly number[];
}

/** So many rounds, and then another process: what one compiles well by luck must not decide. */
const ROUNDS_OF_A_PROCESS = 50;
const WARM_UP_ROUNDS = 8;
// There and back, so that what gets slower or faster meanwhile hits all alike.
const ONE_WAY = ['without', 'counting', 'without, again'] as const;
const THERE_AND_BACK: readonly Side[] = [...ONE_WAY, ...[...ONE_WAY].reverse()];

/** Measures the processor time of calls with and without counting, in short slices that take turns. */
export async function measureCost(rounds: number, sliceMs: number): Promise<Cost[]> {
  await using cluster = await startRedisCluster({ downAfterMs: 3000 });
  const cost = (['GET', 'SET'] as const).map((operation) => ({
    operation,
    counting: [] as number[],
    chance: [] as number[],
  }));
  for (let done = 0; done < rounds; done += ROUNDS_OF_A_PROCESS) {
    const child = Child.start(
      'a process that counts',
      new URL('./cost-process.js', import.meta.url),
    );
    try {
      await child.call('open', placeOf(cluster), ONE_WAY);
      for (let round = -WARM_UP_ROUNDS; round < ROUNDS_OF_A_PROCESS; round++) {
        for (const { operation, counting, chance } of cost) {
          const spent = await oneRound(child, operation, sliceMs);
          if (round < 0) continue;
          counting.push((2 * spent('counting')) / (spent('without') + spent('without, again')));
          chance.push(spent('without, again') / spent('without'));
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
  for (const side of THERE_AND_BACK) {
    spent.push({ side, micros: await child.call<number>('slice', side, operation, ms) });
  }
  return (side) => mean(spent.filter((one) => one.side === side).map(({ micros }) => micros));
}
