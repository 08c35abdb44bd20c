import { historyOf, shortest, written, type Step } from './histories.js';
import { doubles, SESSION_WEIGHTS, SessionWorld, type Relapse } from './session-world.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 400);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
const LENGTH = { least: 10, most: 60 };
/** So many histories at most until a mistake shows. */
const SEARCH = 3000;

async function firstFault(runs: number, relapse: Relapse | null): Promise<string | null> {
  const faultOf = (history: readonly Step[]): Promise<string | null> =>
    new SessionWorld(doubles(relapse)).run(history);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed++) {
    const history = historyOf(seed, SESSION_WEIGHTS, LENGTH);
    const fault = await faultOf(history);
    if (fault === null) continue;
    const short = await shortest(history, faultOf);
    return `seed ${String(seed)}: ${(await faultOf(short)) ?? fault}\n${written(short)}`;
  }
  return null;
}

const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe('the life of sessions in several processes', () => {
  it(
    'never begins again once it was ended, and never ends by itself, whatever happens in whatever order',
    async () => {
      expect(await firstFault(RUNS, null)).toBeNull();
    },
    Math.max(120_000, RUNS * 50),
  );

  it.each<[Relapse, string]>([
    ['ends are kept for an hour, and changes begin a session again', 'at rest an ended session'],
    ['an end is compared with what it ends', 'session'],
    ['a rotation does not look whether the old session is still there', 'rotated twice'],
    ['a change is born anew', 'ended'],
    ['the one that stays is not named', 'nobody has ended'],
  ])(
    'is watched closely enough to see when %s',
    async (relapse, sign) => {
      expect(await firstFault(SEARCH, relapse)).toContain(sign);
    },
    240_000,
  );
});
