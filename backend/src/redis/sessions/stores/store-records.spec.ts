import { createHash } from 'node:crypto';
import { KeyRing } from '../../base/crypto/index.js';
import { ConfigInvalidError } from '../../base/errors/index.js';
import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import {
  codeOf,
  newSessionWorld,
  type SessionWorld,
} from '../../../../test/support/session-rig.js';
import type { ScriptedKeyspace } from '../../../../test/support/scripted-keyspace.js';
import { StoreRecords, type SessionStoreOptions } from './store-records.js';

const DAY = 86_400_000;
const SID = 'sid-1';
const ID = createHash('sha256').update(SID).digest('hex');

describe('the records of a store', () => {
  let world: SessionWorld;
  let keyspace: ScriptedKeyspace;
  let events: RedisHaEvent[];
  let records: StoreRecords;

  const open = (options: SessionStoreOptions = {}): StoreRecords => {
    const bus = new EventBus();
    events = [];
    bus.onAny((event) => events.push(event));
    return new StoreRecords(keyspace, { clock: world.clock, bus, ...options });
  };
  const lifeOf = (): number => {
    const entry = world.redis.data.entries.get(ID);
    return (entry?.freshUntil ?? 0) - world.clock.wallTime();
  };
  const inMs = (ms: number): Date => new Date(world.clock.wallTime() + ms);

  beforeEach(() => {
    world = newSessionWorld();
    keyspace = world.process().keyspace;
    records = open();
  });

  it('are kept under the hash of their id, which nobody else learns', async () => {
    const session = { cookie: { path: '/' }, views: 1 };
    await records.set(SID, session);
    expect(await records.get(SID)).toEqual(session);
    expect([...world.redis.data.entries.keys()]).toEqual([ID]);
    expect(await records.get('other')).toBeNull();
  });

  it.each([
    ['its date', { expires: 5000 }, 5000],
    ['its date as text', { expires: '5000' }, 5000],
    ['its maxAge', { maxAge: 7000, originalMaxAge: 9000 }, 7000],
    ['its originalMaxAge', { expires: null, originalMaxAge: 9000 }, 9000],
    [
      'the default when it says nothing',
      { expires: null, originalMaxAge: null, maxAge: null },
      DAY,
    ],
    ['the default when it says nonsense', { expires: 'soon', maxAge: NaN }, DAY],
    ['the default when it says false', { expires: false }, DAY],
    ['ten years at most', { originalMaxAge: 1e15 }, 315_360_000_000],
  ])('live as long as the cookie says: %s', async (_, cookie, life) => {
    const { expires } = cookie as { expires?: unknown };
    const date = typeof expires === 'number' ? inMs(expires) : expires;
    const text = expires === '5000' ? inMs(5000).toISOString() : date;
    await records.set(SID, { cookie: 'expires' in cookie ? { ...cookie, expires: text } : cookie });
    expect(lifeOf()).toBe(life);
  });

  it('live for the default without a cookie', async () => {
    records = open({ defaultMs: 1000 });
    await records.set(SID, { views: 1 });
    expect(lifeOf()).toBe(1000);
    await world.clock.advance(1000);
    expect(await records.get(SID)).toBeNull();
  });

  it('are gone when the cookie is over', async () => {
    await records.set(SID, { cookie: {} });
    await records.set(SID, { cookie: { expires: inMs(0) } });
    expect(await records.get(SID)).toBeNull();
  });

  it('are gone when they are destroyed', async () => {
    await records.set(SID, { cookie: {} });
    await records.destroy(SID);
    expect(await records.get(SID)).toBeNull();
  });

  it('are not begun again by a request that was under way when they were destroyed', async () => {
    const { keyspace: elsewhere } = world.process();
    const other = new StoreRecords(elsewhere, { clock: world.clock });
    await records.set(SID, { cookie: {} });
    await other.get(SID);
    await records.destroy(SID);
    await other.set(SID, { cookie: {}, views: 2 });
    expect(await records.get(SID)).toBeNull();
    await other.set('another', { cookie: {} });
    await other.touch(SID, { cookie: {} });
    elsewhere.beforeWrite = async () => {
      elsewhere.beforeWrite = null;
      await records.destroy('another');
    };
    await other.set('another', { cookie: {}, views: 2 });
    expect(await other.get('another')).toBeNull();
  });

  it('are not begun again by a process that was cut off meanwhile', async () => {
    const { keyspace: elsewhere } = world.process();
    const other = new StoreRecords(elsewhere, { clock: world.clock });
    await records.set(SID, { cookie: {} });
    await other.get(SID);
    elsewhere.goAway();
    await records.destroy(SID);
    await world.clock.advance(30_000);
    await other.set(SID, { cookie: {}, views: 2 });
    elsewhere.comeBack();
    expect(await records.get(SID)).toBeNull();
    expect(await other.get(SID)).toBeNull();
  });

  it('are read from the primary, so that a change is not based on what a replica still has', async () => {
    await records.set(SID, { cookie: {}, user: null });
    world.redis.holdReplica();
    const other = new StoreRecords(world.process().keyspace, { clock: world.clock });
    await records.set(SID, { cookie: {}, user: 'ann' });
    expect(await other.get(SID)).toMatchObject({ user: 'ann' });
  });

  it('keep the later of two changes, whichever process makes it', async () => {
    const { keyspace: elsewhere } = world.process();
    const other = new StoreRecords(elsewhere, { clock: world.clock });
    await records.set(SID, { cookie: {}, by: 'one' });
    keyspace.beforeWrite = async () => {
      keyspace.beforeWrite = null;
      await other.set(SID, { cookie: {}, by: 'other' });
    };
    await records.set(SID, { cookie: {}, by: 'one again' });
    expect(await other.get(SID)).toMatchObject({ by: 'one again' });
  });

  it('cannot be told apart from a missing one while Redis is away, which is an error with status 503', async () => {
    const [other] = [world.process()];
    await new StoreRecords(other.keyspace, { clock: world.clock }).set(SID, { cookie: {} });
    keyspace.goAway();
    await expect(records.get(SID)).rejects.toMatchObject({
      code: 'SESSION_UNAVAILABLE',
      retryable: true,
      status: 503,
      statusCode: 503,
    });
    keyspace.isJournalFull = true;
    const full = { code: 'JOURNAL_FULL', statusCode: 503 };
    await expect(records.set(SID, { cookie: {} })).rejects.toMatchObject(full);
    await expect(records.destroy(SID)).rejects.toMatchObject(full);
    keyspace.comeBack();
    expect(await records.get(SID)).toEqual({ cookie: {} });
  });

  it('hand on other errors as they are', async () => {
    keyspace.readError = new TypeError('broken');
    const error: unknown = await records.get(SID).catch((caught: unknown) => caught);
    expect(error).toBe(keyspace.readError);
    expect(error).not.toHaveProperty('status');
  });

  it('are refused when they are too large, or no JSON', async () => {
    records = open({ maxDataBytes: 100 });
    const cycle: Record<string, unknown> = { cookie: {} };
    cycle['self'] = cycle;
    expect(await codeOf(records.set(SID, cycle))).toBe('VALUE_UNSERIALIZABLE');
    const large = { cookie: {}, text: 'x'.repeat(100) };
    expect(await codeOf(records.set(SID, large))).toBe('VALUE_TOO_LARGE');
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '5'],
    ['a list', '[]'],
    ['an object without a cookie', '{}'],
    ['a cookie that is text', '{"cookie":"x"}'],
  ])('are none when there is %s, and that is reported', async (_, text) => {
    await records.set(SID, { cookie: {} });
    const entry = world.redis.data.entries.get(ID);
    if (entry === undefined) throw new TypeError('it is not there');
    world.redis.data.entries.set(ID, { ...entry, body: Buffer.from(text) });
    expect(await records.get(SID)).toBeNull();
    expect(events).toEqual([{ type: 'value.rejected', keyspace: 'sessions', fault: 'corrupt' }]);
  });

  it('come back without a member named __proto__, which would change what copies them', async () => {
    const hostile = JSON.parse(
      '{"cookie":{},"cart":{"__proto__":{"isAdmin":true},"n":1}}',
    ) as object;
    await records.set(SID, hostile);
    const found = (await records.get(SID)) as { cart: object };
    expect(Object.assign({}, found.cart)).toEqual({ n: 1 });
    expect('isAdmin' in Object.assign({}, found.cart)).toBe(false);
  });

  it('are none when the entry is damaged, or not of this store', async () => {
    world.redis.unreadable.set(ID, 'newer-format');
    expect(await records.get(SID)).toBeNull();
    world.redis.unreadable.clear();
    const { sessions } = world.process();
    const { session } = await sessions.create({ userId: 'ann', data: { cookie: {} } });
    const entry = world.redis.data.entries.get(session.id);
    if (entry === undefined) throw new TypeError('it is not there');
    world.redis.data.entries.set(ID, entry);
    expect(await records.get(SID)).toBeNull();
    expect(events).toHaveLength(2);
  });

  describe('that are touched', () => {
    const touchIn = async (ms: number): Promise<number> => {
      await world.clock.advance(ms);
      const before = keyspace.writes;
      await records.touch(SID, { cookie: { originalMaxAge: DAY }, stale: true });
      return keyspace.writes - before;
    };
    beforeEach(() => records.set(SID, { cookie: { originalMaxAge: DAY }, views: 3 }));

    it('live longer, are written at most once a minute, and keep their data', async () => {
      expect(await touchIn(59_999)).toBe(0);
      expect(await touchIn(1)).toBe(1);
      expect(lifeOf()).toBe(DAY);
      expect(await touchIn(1000)).toBe(0);
      expect(await records.get(SID)).toEqual({ cookie: { originalMaxAge: DAY }, views: 3 });
    });

    it('are written rarely while Redis is away', async () => {
      keyspace.goAway();
      expect(await touchIn(DAY / 2 - 1)).toBe(0);
      expect(await touchIn(1)).toBe(1);
    });

    it('are written often enough when they are short', async () => {
      await records.set(SID, { cookie: { originalMaxAge: 1000 } });
      await world.clock.advance(500);
      await records.touch(SID, { cookie: { originalMaxAge: 1000 } });
      expect(lifeOf()).toBe(1000);
    });

    it('stay gone when they were destroyed, also by another process at that moment', async () => {
      const { keyspace: ahead } = world.process({}, 5000);
      const other = new StoreRecords(ahead, { clock: ahead.calendar() });
      await world.clock.advance(60_000);
      ahead.beforeWrite = async () => {
        ahead.beforeWrite = null;
        await keyspace.delete(ID);
      };
      await other.touch(SID, { cookie: { originalMaxAge: DAY } });
      expect(ahead.writes).toBe(1);
      expect(await records.get(SID)).toBeNull();
      expect(await touchIn(60_000)).toBe(0);
      expect(await records.get(SID)).toBeNull();
    });

    it('are left alone when their cookie is over', async () => {
      await world.clock.advance(60_000);
      await records.touch(SID, { cookie: { expires: inMs(-1) } });
      expect(lifeOf()).toBe(DAY - 60_000);
    });

    it('never fail: a missed touch is reported, and no more', async () => {
      keyspace.writeError = new TypeError('S3cret');
      expect(await touchIn(60_000)).toBe(1);
      keyspace.readError = new TypeError('S3cret');
      await touchIn(1);
      const reason = 'unknown error';
      expect(events).toEqual(
        Array(2).fill({ type: 'value.write-failed', keyspace: 'sessions', reason }),
      );
    });
  });

  it.each([{ defaultMs: 0 }, { touchEveryMs: -1 }, { maxDataBytes: NaN }])(
    'are not kept with options that cannot be used: %j',
    (options) => {
      expect(() => open(options)).toThrow(ConfigInvalidError);
    },
  );

  it('can use the keyspace, the clock and the event bus of a SessionService', async () => {
    const beside = world.process();
    const own = new StoreRecords(beside.sessions);
    await own.set(SID, { cookie: {} });
    expect(await records.get(SID)).toEqual({ cookie: {} });
    expect(lifeOf()).toBe(DAY);
    world.redis.unreadable.set(ID, 'corrupt');
    await own.get(SID);
    expect(beside.events).toHaveLength(1);
    own.reportFailedCallback('error');
    expect(beside.events.at(-1)).toMatchObject({ type: 'listener.failed', error: 'error' });
  });

  describe('with keys', () => {
    const [key, other] = ['k', 'o'].map((letter) => Buffer.alloc(32, letter).toString('base64'));
    const session = { cookie: { path: '/' }, user: 'ann', pin: 'S3cret' };
    const bytes = (): string => world.redis.data.entries.get(ID)?.body.toString('latin1') ?? '';
    const fault = (): unknown => events.map((event) => 'fault' in event && event.fault);

    it('are encrypted, and stay so when they are touched', async () => {
      records = open({ keys: [key!] });
      await records.set(SID, session);
      expect(bytes()).not.toMatch(/S3cret|ann/);
      await world.clock.advance(60_000);
      await records.touch(SID, session);
      expect(bytes()).not.toMatch(/S3cret|ann/);
      expect(lifeOf()).toBe(DAY);
      expect(await records.get(SID)).toEqual(session);
      expect(events).toEqual([]);
    });

    it('are encrypted by the keys of the sessions they stand beside, unless they have their own', async () => {
      const { sessions } = world.process({ keys: [key!] });
      await new StoreRecords(sessions).set(SID, session);
      const plainData = 'refuse';
      expect(await open({ keys: [key!], plainData }).get(SID)).toEqual(session);
      await new StoreRecords(sessions, { keys: [other!] }).set(SID, session);
      expect(await open({ keys: [other!], plainData }).get(SID)).toEqual(session);
    });

    it('cannot be read without their key, and stay where they are', async () => {
      await open({ keys: [key!] }).set(SID, session);
      const before = bytes();
      expect(await open({ keys: [other!] }).get(SID)).toBeNull();
      const keyId = KeyRing.of([key])?.ids[0];
      expect(events).toEqual([
        { type: 'value.rejected', keyspace: 'sessions', fault: 'no-key', keyId },
      ]);
      expect(await open().get(SID)).toBeNull();
      expect(fault()).toEqual(['no-key']);
      expect(bytes()).toBe(before);
    });

    it('are refused in clear, and under another id, when that is said', async () => {
      await open().set(SID, session);
      expect(await open({ keys: [key!] }).get(SID)).toEqual(session);
      records = open({ keys: [key!], plainData: 'refuse' });
      expect(await records.get(SID)).toBeNull();
      expect(fault()).toEqual(['not-encrypted']);
      await records.set('another', session);
      const moved = [...world.redis.data.entries].find(([id]) => id !== ID)?.[1];
      world.redis.data.entries.set(ID, moved!);
      expect(await records.get(SID)).toBeNull();
      expect(fault()).toEqual(['not-encrypted', 'corrupt']);
    });
  });

  it('need no options, and stand on the clock of the machine', async () => {
    await new StoreRecords(keyspace).set(SID, { cookie: {} });
    expect(lifeOf()).toBe(DAY);
  });
});
