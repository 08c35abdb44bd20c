import { HotKeys, PlainCommands } from '../../src/redis/hot-keys/index.js';
import { EventBus } from '../../src/redis/base/events/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { seededRandom } from '../../test/support/random-histories.js';
import { zipf } from '../common/zipf.js';

/** What the library itself finds, sampling and all, in ten seconds of a process that accesses so many keys. */
export interface FoundTop {
  readonly perSecond: number;
  readonly sampledEvery: number;
  /** The part of the ten most frequent keys that it names: the mean of several runs, and the lowest of them. */
  readonly recall: number;
  readonly lowest: number;
  /** Processor time of counting, as a share of one core. */
  readonly processor: number;
}

const RATES = [1_000, 10_000, 100_000, 500_000];
const KEYS = 100_000;
const SECONDS = 10;
const STEPS_OF_A_SECOND = 10;
const RUNS = 5;
const TOP = 10;
const PREFIX = 'product:';

/** Ten seconds on a clock that is moved by hand, of accesses by Zipf's law (1.0) of 100,000 keys. */
export async function measureFound(seed: number): Promise<FoundTop[]> {
  const found: FoundTop[] = [];
  for (const perSecond of RATES) {
    const runs = [];
    for (let run = 0; run < RUNS; run++) runs.push(await tenSeconds(perSecond, seed + run));
    const recalls = runs.map(({ recall }) => recall);
    const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / RUNS;
    found.push({
      ...{ perSecond, recall: meanOf(recalls), lowest: Math.min(...recalls) },
      sampledEvery: Math.max(...runs.map(({ sampledEvery }) => sampledEvery)),
      processor: meanOf(runs.map(({ processor }) => processor)),
    });
  }
  return found;
}

async function tenSeconds(
  perSecond: number,
  seed: number,
): Promise<Omit<FoundTop, 'perSecond' | 'lowest'>> {
  const clock = new ManualClock();
  const options = { level: 'watch', perMinute: 1_000, nearMs: 1_000, showKeys: 'hash' } as const;
  const random = seededRandom(seed);
  const hotKeys = new HotKeys(options, { clock, bus: new EventBus(), random });
  const accesses = hotKeys.open(null, { maySpare: true });
  if (accesses === null) throw new Error('nothing is counted');
  const commands = new PlainCommands(accesses, clock);
  const next = zipf(KEYS, 1, seed);
  const truth = new Float64Array(KEYS);
  let micros = 0;
  const measured = async (work: () => unknown): Promise<void> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    micros += user + system;
  };
  // Made beforehand, so that no garbage is collected while it is measured.
  const calls = Array.from({ length: KEYS }, (_, no) => [PREFIX + String(no)]);
  const numbers = new Uint32Array(perSecond / STEPS_OF_A_SECOND);
  for (let step = 0; step < SECONDS * STEPS_OF_A_SECOND; step++) {
    for (let i = 0; i < numbers.length; i++) numbers[i] = next();
    for (const no of numbers) truth[no] = (truth[no] ?? 0) + 1;
    await measured(() => {
      for (const no of numbers) commands.note('get', calls[no] ?? []);
    });
    await measured(() => clock.advance(1_000 / STEPS_OF_A_SECOND));
  }
  const { top, sampledEvery } = hotKeys.report;
  hotKeys.close();
  const tenth = Float64Array.from(truth).sort().at(-TOP) ?? Infinity;
  const isTop = (key: string): boolean => (truth[Number(key.slice(PREFIX.length))] ?? 0) >= tenth;
  return {
    recall: top.filter(({ key }) => isTop(key)).length / TOP,
    sampledEvery,
    processor: micros / 1_000_000 / SECONDS,
  };
}
