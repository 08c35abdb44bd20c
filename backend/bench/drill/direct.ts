import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { within } from '../common/clock.js';
import { placeOf } from '../common/place.js';
import { isGood } from './find-rate.js';
import type { ContestantName, DirectLevel, Result } from './results.js';

const RATES = [3000, 6000, 12_000, 20_000];
const WARM_UP_SECONDS = 2;
const LEVEL_SECONDS = 5;
const WITHIN_MS = 60_000;

/** Measures the operations of one process without HTTP: the levels that were tried, and the best one within the bound. */
export async function measureDirect(
  name: ContestantName,
  cluster: RedisTestCluster,
  own: (part: { stop(): Promise<unknown> }) => void,
): Promise<NonNullable<Result['direct']>> {
  const child = Child.start(
    'the measurement without HTTP',
    new URL('./direct-process.js', import.meta.url),
  );
  own({ stop: () => child.end() });
  const levels = await within(WITHIN_MS, tryRates(child, name, cluster), null);
  await child.end();
  if (levels === null) throw new Error('The measurement without HTTP took too long.');
  return { levels, perSecond: bestOf(levels) };
}

async function tryRates(
  child: Child,
  name: ContestantName,
  cluster: RedisTestCluster,
): Promise<DirectLevel[]> {
  await child.call('open', name, placeOf(cluster));
  await child.call('level', RATES[0]! / 2, WARM_UP_SECONDS);
  const levels: DirectLevel[] = [];
  for (const rate of RATES) levels.push(await child.call('level', rate, LEVEL_SECONDS));
  await child.call('close');
  return levels;
}

/** The most operations per second at which nothing failed and p99 stayed within the bound; `null` when none did. */
export function bestOf(
  levels: readonly Pick<DirectLevel, 'perSecond' | 'p99' | 'failed'>[],
): number | null {
  const good = levels.filter(isGood);
  return good.length === 0 ? null : Math.max(...good.map(({ perSecond }) => perSecond));
}
