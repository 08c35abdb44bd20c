import { EventBus } from '../../src/redis/base/events/index.js';
import { LogContents } from '../../src/redis/keyspace/journal/disk/journal-lines.js';
import {
  type JournalLog,
  type JournalRecord,
  stampOfRecord,
  targetOf,
} from '../../src/redis/keyspace/journal/disk/journal-log.js';
import { NOTHING_KEPT } from '../../src/redis/keyspace/journal/kept-journal.js';
import { type SessionOptions, SessionService } from '../../src/redis/sessions/index.js';
import { StoreRecords } from '../../src/redis/sessions/stores/store-records.js';
import { tiered } from './tiered-stage.js';

const MINUTE = 60_000;
/** Longer than a session may be idle, which is half an hour. */
const OUTAGE_MINUTES = 45;
const ANN = { userId: 'ann', data: { n: 1 } };

type Stage = ReturnType<typeof tiered>;

/** A process with sessions. */
interface Process {
  readonly footing: Stage['footings'][number];
  readonly sessions: SessionService<{ n: number }>;
}

describe('an outage that is longer than a session may be idle', () => {
  let stage: Stage;
  let here: Process;
  let there: Process;
  let third: Process;

  const onFooting = (footing: Process['footing'], options: SessionOptions = {}): Process => {
    const deps = { clock: footing.clock, bus: new EventBus() };
    return { footing, sessions: new SessionService(footing.keyspace, options, deps) };
  };
  const minutes = async (count: number, use: () => Promise<unknown> = nothing): Promise<void> => {
    for (let minute = 5; minute <= count; minute += 5) {
      await stage.time.advance(5 * MINUTE);
      await use();
    }
  };
  const cut = (...processes: Process[]): void => {
    for (const { footing } of processes) footing.link.goAway();
  };
  const heal = async (...processes: Process[]): Promise<void> => {
    for (const { footing } of processes) footing.link.reach();
    for (let i = 0; i < 40; i++) await stage.time.advance(100);
  };
  const storeOn = ({ keyspace, clock }: Process['footing']): StoreRecords =>
    new StoreRecords(keyspace, { clock, bus: new EventBus() });
  const inHalfAnHour = (): object => {
    const originalMaxAge = 30 * MINUTE;
    return {
      cookie: { originalMaxAge, expires: new Date(stage.time.wallTime() + originalMaxAge) },
    };
  };
  const everywhere = (token: string): Promise<string[]> =>
    Promise.all([here, there, third].map(({ sessions }) => stateOf(sessions.read(token))));

  beforeEach(() => {
    stage = tiered();
    [here, there, third] = stage.footings.map((footing) => onFooting(footing)) as [
      Process,
      Process,
      Process,
    ];
  });

  describe('logs nobody out who is in use', () => {
    it('of one process that is cut off', async () => {
      const { token } = await here.sessions.create(ANN);
      cut(here);
      await minutes(OUTAGE_MINUTES, () => here.sessions.read(token));
      await heal(here);
      expect(await everywhere(token)).toEqual(VALID);
    });

    it('of Redis, which is down, and back with what its disk has', async () => {
      const { token } = await here.sessions.create(ANN);
      cut(here, there, third);
      await minutes(OUTAGE_MINUTES, () => here.sessions.read(token));
      for (const { footing } of [here, there, third]) footing.port.tellOfSwitch();
      await heal(here, there, third);
      expect(await everywhere(token)).toEqual(VALID);
    });

    it('and is used in one process and then in another, whichever is back first', async () => {
      const { token } = await here.sessions.create(ANN);
      await there.sessions.read(token);
      cut(here, there);
      await minutes(20, () => here.sessions.read(token));
      // Longer ago than a session may be idle, when the first one is back.
      await there.sessions.update(token, { n: 2 });
      await minutes(25, () => there.sessions.read(token));
      await minutes(15, () => there.sessions.read(token));
      await heal(here);
      expect(await stateOf(third.sessions.read(token))).toBe('SESSION_INVALID missing');
      await heal(there);
      expect(await everywhere(token)).toEqual(VALID);
      expect((await third.sessions.read(token)).data).toEqual({ n: 2 });
    });

    it('and was begun during the outage, which is longer than a journal creates anything', async () => {
      cut(here);
      const { token } = await here.sessions.create(ANN);
      await minutes(90, () => here.sessions.read(token));
      await heal(here);
      expect(await everywhere(token)).toEqual(VALID);
    });

    it('and is one of a store for another library', async () => {
      const [store, other] = [here, there].map(({ footing }) => storeOn(footing)) as [
        StoreRecords,
        StoreRecords,
      ];
      await store.set('sid', inHalfAnHour());
      cut(here);
      await minutes(OUTAGE_MINUTES, async () => {
        expect(await store.get('sid')).not.toBeNull();
        await store.touch('sid', inHalfAnHour());
      });
      await heal(here);
      expect(await other.get('sid')).not.toBeNull();
    });

    it('by a process that has ended since, whose journal another one has found', async () => {
      const log = new RecordingLog();
      const ending = onFooting(stage.start(0, { ...NOTHING_KEPT, log }));
      const { token } = await ending.sessions.create(ANN);
      cut(ending);
      await minutes(OUTAGE_MINUTES, () => ending.sessions.read(token));
      ending.footing.port.end();
      const heir = onFooting(stage.start(0, { ...NOTHING_KEPT, records: log.records }));
      await heal(heir);
      expect(await everywhere(token)).toEqual(VALID);
    });

    it('up to outageMs, and no longer', async () => {
      const short = onFooting(here.footing, { outageMs: 10 * MINUTE });
      const { token } = await short.sessions.create(ANN);
      cut(here);
      await minutes(OUTAGE_MINUTES, () => short.sessions.read(token));
      await heal(here);
      expect(await everywhere(token)).toEqual(INVALID);
    });
  });

  it('is no reason to serve or list who was idle for too long, though Redis has the session', async () => {
    const { token, session } = await here.sessions.create(ANN);
    await there.sessions.read(token);
    await stage.time.advance(30 * MINUTE);
    expect(stage.redis.keys.some((key) => key.includes(session.id))).toBe(true);
    const unseen = onFooting(stage.start(0));
    for (const { sessions } of [here, there, unseen]) {
      expect(await sessions.listOf('ann')).toEqual({ sessions: [], isComplete: true });
      expect(await sessions.destroyById('ann', session.id)).toBe(false);
      for (const call of [
        sessions.read(token),
        sessions.touch(token),
        sessions.update(token, { n: 2 }),
        sessions.rotate(token),
      ]) {
        expect(await stateOf(call)).toBe('SESSION_INVALID missing');
      }
    }
    expect(stage.redis.keys.some((key) => key.includes(session.id))).toBe(true);
  });

  describe('brings nobody back', () => {
    it('whom nobody has used: neither a process that was cut off nor another', async () => {
      const { token } = await here.sessions.create(ANN);
      cut(here);
      await minutes(OUTAGE_MINUTES);
      expect(await stateOf(here.sessions.read(token))).toBe('SESSION_UNAVAILABLE');
      expect(await stateOf(there.sessions.read(token))).toBe('SESSION_INVALID missing');
      await heal(here);
      expect(await everywhere(token)).toEqual(INVALID);
    });

    it('who was used, and then idle for too long until Redis is back', async () => {
      const { token } = await here.sessions.create(ANN);
      cut(here);
      await minutes(20, () => here.sessions.read(token));
      await minutes(35);
      await heal(here);
      expect(await everywhere(token)).toEqual(INVALID);
    });

    it.each<[string, number, (there: Process, token: string) => Promise<unknown>]>([
      ['was ended', 10, (one, token) => one.sessions.destroy(token)],
      ['was ended when Redis took it for idle', 40, (one, token) => one.sessions.destroy(token)],
      ['was ended with all of its user', 10, (one) => one.sessions.destroyAllOf('ann')],
      [
        'was ended with all of its user when Redis took it for idle',
        40,
        (one) => one.sessions.destroyAllOf('ann'),
      ],
      ['was given another token', 10, (one, token) => one.sessions.rotate(token)],
    ])('who %s elsewhere meanwhile', async (_, after, end) => {
      const { token } = await here.sessions.create(ANN);
      cut(here);
      await minutes(after, () => here.sessions.read(token));
      await end(there, token);
      await minutes(OUTAGE_MINUTES - after, () => here.sessions.read(token));
      await heal(here);
      expect(await everywhere(token)).toEqual(ENDED);
    });

    it('whose end Redis has lost, with the session', async () => {
      const { token } = await here.sessions.create(ANN);
      cut(here);
      await minutes(20, () => here.sessions.read(token));
      await there.sessions.destroy(token);
      stage.redis.empty();
      await minutes(25, () => here.sessions.read(token));
      await heal(here);
      expect(await everywhere(token)).toEqual(INVALID);
    });

    it('whose absolute end has come', async () => {
      const { token } = await here.sessions.create({ ...ANN, absoluteMs: 40 * MINUTE });
      cut(here);
      await minutes(35, () => here.sessions.read(token));
      await minutes(10);
      await heal(here);
      expect(await everywhere(token)).toEqual(INVALID);
    });

    it.each([
      ['behind', -40 * MINUTE],
      ['ahead', 40 * MINUTE],
    ])('whom only a process believes in use whose calendar is far %s', async (_, driftMs) => {
      const wrong = onFooting(stage.start(driftMs));
      const { token } = await wrong.sessions.create(ANN);
      cut(wrong);
      // By its calendar it is used in time, or over at once. By that of Redis it was last used an hour ago.
      await minutes(60, () => wrong.sessions.find(token).catch(nothing));
      await heal(wrong);
      expect(await everywhere(token)).toEqual(INVALID);
    });
  });
});

/** A journal that another process finds. */
class RecordingLog implements JournalLog {
  readonly #contents = new LogContents();

  get records(): JournalRecord[] {
    return this.#contents.records;
  }

  append(record: JournalRecord): Promise<void> {
    this.#contents.add(record);
    return Promise.resolve();
  }

  settle(record: JournalRecord): void {
    this.#contents.add({
      kind: 'settled',
      target: targetOf(record),
      stamp: stampOfRecord(record),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const VALID = Array<string>(3).fill('valid');
const INVALID = Array<string>(3).fill('SESSION_INVALID missing');
const ENDED = Array<string>(3).fill('SESSION_INVALID deleted');

async function nothing(): Promise<null> {
  return Promise.resolve(null);
}

/** The code and the reason of a refusal. */
async function stateOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'valid';
  } catch (error) {
    const { code, details } = error as { code?: string; details?: { reason?: string } };
    return [code ?? String(error), details?.reason].filter(Boolean).join(' ');
  }
}
