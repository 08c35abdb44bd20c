import { RedisCalendar } from '../../src/redis/base/timing/index.js';
import { TimeSamples } from '../../src/redis/base/timing/time-distance.js';
import { compareStamps, HybridClock } from '../../src/redis/keyspace/store/stamp.js';
import { randomOf } from './histories.js';
import { FIRST_SEED, runsOr } from '../support/seeded-search.js';
import { ModelClock } from './model-clock.js';
import { BASE_MS } from './process-clock.js';

const RUNS = runsOr(300);
const CALM_S = 60;
const OUTAGE_MS = 60_000;
/** As a user pauses at least between what he does in two processes, in the tests of outages. */
const PAUSE_MS = 50;
/** By how much an end of all is dated ahead that Redis does not have yet. */
const AHEAD_MS = 5;
/** Crystals of machines that NTP keeps together. */
const DRIFT = 0.00005;

interface Measured {
  readonly clock: ModelClock;
  readonly calendar: RedisCalendar;
  readonly stamps: HybridClock;
  /** The calendar of Redis, in truth. */
  readonly truth: () => number;
}

/** A process that has asked Redis for the time each second: a minute while all is calm, and then on a busy machine. */
function measured(random: () => number, origin: string, busyS: number): Measured {
  const clock = new ModelClock();
  const drift = (random() * 2 - 1) * DRIFT;
  const aheadMs = (random() * 2 - 1) * 3_600_000;
  const truth = (): number => BASE_MS + aheadMs + clock.now() * (1 + drift);
  const calendar = new RedisCalendar(clock);
  const samples = new TimeSamples();
  for (let i = 0; i < CALM_S + busyS; i++) {
    const tripMs = i < CALM_S ? 0.2 + random() * 3 : 50 + random() * 800;
    const sentAt = clock.now();
    // The server reads its calendar anywhere between.
    const thereMs = tripMs * random();
    const serverMs = truth() + thereMs * (1 + drift);
    clock.jump(Math.ceil(tripMs));
    samples.add({ sentAt, receivedAt: sentAt + tripMs, serverMs });
    calendar.follow(samples.best!);
    clock.jump(Math.max(0, 1_000 - Math.ceil(tripMs)));
  }
  return { clock, calendar, stamps: new HybridClock(calendar, origin), truth };
}

describe('calendars that were measured while the machine was busy, and then not for a minute', () => {
  it('are no further from the truth than they say, and order what a user does in two processes', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const random = randomOf(seed);
      const busyS = Math.floor(random() * 40);
      const ending = measured(random, '00000000000000a0', busyS);
      const other = measured(random, '00000000000000b0', busyS);
      const ageMs = Math.floor(random() * OUTAGE_MS);
      for (const { clock, calendar, truth } of [ending, other]) {
        clock.jump(ageMs);
        const wrongMs = Math.abs(calendar.wallTime() - truth());
        expect([seed, wrongMs <= calendar.uncertaintyMs() + 1]).toEqual([seed, true]);
      }
      // One moment of Redis, whatever each of them takes it for.
      const mark = shifted(ending.stamps.next(AHEAD_MS), -ending.truth());
      const birthAfter = (ms: number) => {
        other.clock.jump(ms);
        return shifted(other.stamps.before(), ms - other.truth());
      };
      // A login just before an end of all is ended, and one a moment later is not.
      expect([seed, 'before', compareStamps(birthAfter(0), mark) < 0]).toEqual([
        seed,
        'before',
        true,
      ]);
      expect([seed, 'after', compareStamps(birthAfter(PAUSE_MS), mark) > 0]).toEqual([
        seed,
        'after',
        true,
      ]);
    }
  });
});

// Where the moment of the end of all is 0.
function shifted<S extends { readonly wallMs: number }>(stamp: S, ms: number): S {
  return { ...stamp, wallMs: stamp.wallMs + ms };
}
