import { inspect } from 'node:util';
import {
  ConfigInvalidError,
  InvalidArgumentError,
  SessionInvalidError,
  ValueTooLargeError,
  ValueUnserializableError,
} from '../../base/errors/index.js';
import { codeOf, newSessionWorld, passing } from '../../../../test/support/session-rig.js';
import { isToken, newToken } from '../record/session-token.js';
import { SessionService } from '../index.js';

const MINUTE = 60_000;
const IDLE = 30 * MINUTE;
const world = newSessionWorld;
const ANN = { userId: 'ann', data: { cart: ['book'] } };

describe('a session', () => {
  it('is opened by its token, on every process', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const { token, session } = await a.sessions.create(ANN);
    expect(isToken(token)).toBe(true);
    const now = clock.wallTime();
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      userId: 'ann',
      data: { cart: ['book'] },
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + IDLE,
      endsAt: now + 12 * 60 * MINUTE,
    });
    expect(await a.sessions.read(token)).toEqual(session);
    expect(await b.sessions.read(token)).toEqual(session);
    expect(await b.sessions.find(token)).toEqual(session);
  });

  it('is found although no replica has it yet', async () => {
    const { process, redis } = world();
    const [a, b] = [process(), process()];
    const { token, session } = await a.sessions.create(ANN);
    redis.notOnReplica.add(session.id);
    expect(await b.sessions.read(token)).toEqual(session);
  });

  it('keeps what was given, not what the caller does to it later', async () => {
    const { sessions } = world().process<{ n: number }>();
    const data = { n: 1 };
    const { token, session } = await sessions.create({ userId: 'ann', data });
    data.n = 2;
    expect(session.data).toEqual({ n: 1 });
    expect((await sessions.read(token)).data).toEqual({ n: 1 });
    const read = await sessions.read(token);
    read.data.n = 3;
    expect((await sessions.read(token)).data).toEqual({ n: 1 });
  });

  it('leaves no trace of its token, and of no data in errors and events', async () => {
    const { process, redis, clock } = world();
    const rig = process();
    const { token, session } = await rig.sessions.create({
      userId: 'ann',
      data: { pin: 'S3cret' },
    });
    const everything = inspect([redis, rig.keyspace.memory, session, rig.events], {
      depth: 20,
      maxArrayLength: null,
      showHidden: true,
    });
    expect(everything).not.toContain(token);
    expect([...redis.data.entries.values()].some(({ body }) => body.includes(token))).toBe(false);
    await rig.sessions.destroy(token);
    const refused = rig.sessions.read(token).catch((caught: unknown) => caught);
    const error: unknown = await passing(clock, refused);
    const said = inspect([error, rig.events], { depth: 20, showHidden: true });
    expect(said).not.toContain(token);
    expect(said).not.toContain('S3cret');
    expect(said).not.toContain(session.id);
  });

  it('is refused without asking anybody when the token cannot be one', async () => {
    const { sessions, keyspace } = world().process();
    for (const token of ['', 'x', `${newToken()}=`, undefined as unknown as string]) {
      const error = await sessions.read(token).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(SessionInvalidError);
      expect(error).toMatchObject({ details: { reason: 'malformed' }, retryable: false });
      expect(await sessions.find(token)).toBeNull();
      expect(await codeOf(sessions.touch(token))).toBe('SESSION_INVALID');
      expect(await codeOf(sessions.update(token, {}))).toBe('SESSION_INVALID');
      expect(await codeOf(sessions.rotate(token))).toBe('SESSION_INVALID');
      await sessions.destroy(token);
    }
    expect([keyspace.reads, keyspace.writes]).toEqual([0, 0]);
  });

  it('is counted when it was read, and not before; so is each failure', async () => {
    const { sessions } = world().process();
    const { token } = await sessions.create(ANN);
    const reading = sessions.read(token);
    expect(sessions.stats.validated).toBe(0);
    await reading;
    for (const other of [newToken(), 'x']) await sessions.read(other).catch(() => undefined);
    expect(sessions.stats).toMatchObject({ validated: 1, invalid: 2, unavailable: 0 });
  });

  it('does not exist under a token that was never given out', async () => {
    const { sessions } = world().process();
    const refused = sessions.read(newToken());
    await expect(refused).rejects.toMatchObject({ details: { reason: 'missing' } });
    expect(await sessions.find(newToken())).toBeNull();
  });

  it.each([
    ['no user', { userId: '' }],
    ['a user with an endless name', { userId: 'x'.repeat(1025) }],
    [
      'a user with half a character, which is the same in bytes as any other',
      { userId: 'a\ud800' },
    ],
    ['a number for a user', { userId: 7 as unknown as string }],
    ['no time to be idle', { idleMs: 0 }],
    ['a time that is none', { idleMs: NaN }],
    ['half a millisecond', { absoluteMs: 1.5 }],
    ['a time that is meant in seconds', { absoluteMs: 1e15 }],
  ])('is not begun with %s', async (_, over) => {
    const { sessions, keyspace } = world().process();
    await expect(sessions.create({ ...ANN, ...over })).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(keyspace.writes).toBe(0);
  });

  it('is not begun with data that would come back changed, or is too large', async () => {
    const { sessions, keyspace } = world().process({ maxDataBytes: 20 });
    const begin = (data: Record<string, unknown>): Promise<unknown> =>
      sessions.create({ userId: 'ann', data });
    await expect(begin({ at: new Date() })).rejects.toBeInstanceOf(ValueUnserializableError);
    await expect(begin({ at: 'x'.repeat(20) })).rejects.toBeInstanceOf(ValueTooLargeError);
    expect(keyspace.writes).toBe(0);
  });

  it('is not served at all with options that cannot be used', () => {
    const { keyspace } = world().process();
    expect(() => new SessionService(keyspace, { idleMs: -1 })).toThrow(ConfigInvalidError);
  });

  it('needs no deps: it has a clock, and reports to nobody', async () => {
    const { keyspace } = world().process();
    const sessions = new SessionService(keyspace);
    const { token } = await sessions.create(ANN);
    expect(await codeOf(sessions.read(token))).toBe('ok');
    expect(sessions.keyspace).toBe(keyspace);
  });
});

describe('the end of a session', () => {
  it('comes when it was idle for too long', async () => {
    const { process, clock } = world();
    const { sessions } = process();
    const { token } = await sessions.create(ANN);
    await clock.advance(IDLE - 1);
    const other = await sessions.create({ ...ANN, idleMs: 1000 });
    expect(await codeOf(sessions.read(token))).toBe('ok');
    await clock.advance(1000);
    expect(await sessions.find(other.token)).toBeNull();
  });

  it('comes when nobody has used it, to the millisecond', async () => {
    const { process, clock } = world();
    const { sessions } = process();
    const { token } = await sessions.create({ ...ANN, idleMs: 5000 });
    await clock.advance(5000);
    expect(await codeOf(sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('comes at its absolute end, however much it is used', async () => {
    const { process, clock } = world();
    const { sessions } = process();
    const { token, session } = await sessions.create({ ...ANN, absoluteMs: 2 * IDLE });
    for (let i = 0; i < 11; i++) {
      await clock.advance(IDLE / 6);
      const read = await sessions.read(token);
      expect(read.endsAt).toBe(session.endsAt);
      expect(read.expiresAt).toBeLessThanOrEqual(session.endsAt);
    }
    await clock.advance(IDLE / 6);
    expect(await codeOf(sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('follows from the record, even when Redis still has the entry', async () => {
    const { process, clock, redis } = world();
    const { sessions } = process();
    const { token, session } = await sessions.create({ ...ANN, idleMs: 5000 });
    const entry = redis.data.entries.get(session.id);
    if (entry === undefined) throw new TypeError('it is not there');
    redis.data.entries.set(session.id, { ...entry, freshUntil: 0 });
    await clock.advance(5000);
    await expect(sessions.read(token)).rejects.toMatchObject({ details: { reason: 'expired' } });
  });

  it('comes at once when it is destroyed, on every process', async () => {
    const { process } = world();
    const [a, b] = [process(), process()];
    const { token } = await a.sessions.create(ANN);
    await b.sessions.read(token);
    await a.sessions.destroy(token);
    for (const { sessions } of [a, b]) {
      const refused = passing(b.keyspace.calendar(), sessions.read(token));
      await expect(refused).rejects.toMatchObject({ details: { reason: 'deleted' } });
    }
    await a.sessions.destroy(token);
  });
});

describe('the use of a session', () => {
  it('moves its end on, at most every touchEveryMs, and nobody waits for it', async () => {
    const { process, clock } = world();
    const { sessions, keyspace } = process();
    const { token, session } = await sessions.create(ANN);
    expect(keyspace.writes).toBe(1);
    await clock.advance(MINUTE - 1);
    await sessions.read(token);
    await clock.advance(0);
    expect(keyspace.writes).toBe(1);
    await clock.advance(1);
    let letGo: () => void = () => undefined;
    keyspace.beforeWrite = () => new Promise((resolve) => (letGo = resolve));
    expect((await sessions.read(token)).lastSeenAt).toBe(session.lastSeenAt);
    await sessions.read(token);
    letGo();
    await clock.advance(0);
    expect(keyspace.writes).toBe(2);
    const slid = await sessions.read(token);
    expect(slid.lastSeenAt).toBe(session.lastSeenAt + MINUTE);
    expect(slid.expiresAt).toBe(session.expiresAt + MINUTE);
    expect(slid.createdAt).toBe(session.createdAt);
  });

  it('is noted often enough for a session that is short', async () => {
    const { process, clock } = world();
    const { sessions } = process();
    const { token } = await sessions.create({ ...ANN, idleMs: 1000 });
    for (let i = 0; i < 10; i++) {
      await clock.advance(501);
      expect(await codeOf(sessions.read(token))).toBe('ok');
      await clock.advance(0);
    }
  });

  it('does not fail the reader when it cannot be noted, and is tried again a while later', async () => {
    const { process, clock } = world();
    const { sessions, keyspace, events } = process();
    const { token } = await sessions.create(ANN);
    await clock.advance(MINUTE);
    keyspace.writeError = new TypeError('S3cret');
    for (let i = 0; i < 5; i++) {
      await sessions.read(token);
      await clock.advance(100);
    }
    expect(events).toEqual([
      { type: 'value.write-failed', keyspace: 'sessions', reason: 'unknown error' },
    ]);
    keyspace.writeError = null;
    await clock.advance(1000);
    await sessions.read(token);
    await clock.advance(0);
    expect((await sessions.read(token)).lastSeenAt).toBe(clock.wallTime());
  });

  it('is noted at once by touch, which fails when it cannot be', async () => {
    const { process, clock } = world();
    const { sessions, keyspace } = process();
    const { token, session } = await sessions.create(ANN);
    await clock.advance(1000);
    const touched = await sessions.touch(token);
    expect(touched.expiresAt).toBe(session.expiresAt + 1000);
    expect(await sessions.read(token)).toEqual(touched);
    keyspace.writeError = new TypeError('no');
    await expect(sessions.touch(token)).rejects.toThrow('no');
  });

  it('is noted each time when it is touched twice at the same moment', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const { token, session } = await a.sessions.create(ANN);
    const held: (() => void)[] = [];
    a.keyspace.beforeWrite = () => new Promise((resolve) => held.push(resolve));
    const first = a.sessions.touch(token);
    const second = a.sessions.touch(token);
    await clock.advance(1000);
    a.keyspace.beforeWrite = null;
    for (const letGo of held) letGo();
    await first;
    expect((await second).expiresAt).toBe(session.expiresAt + 1000);
    expect((await b.sessions.read(token)).expiresAt).toBe(session.expiresAt + 1000);
  });

  it('never shortens a session, whose calendar may be ahead of ours', async () => {
    const { process } = world();
    const [ahead, behind] = [process({}, 10_000), process()];
    const { token, session } = await ahead.sessions.create(ANN);
    expect((await behind.sessions.touch(token)).expiresAt).toBe(session.expiresAt);
    const changed = await behind.sessions.update(token, { n: 1 });
    expect(changed.expiresAt).toBe(session.expiresAt);
  });

  it('is not noted any more once the service is closed, which waits for what is under way', async () => {
    const { process, clock } = world();
    const { sessions, keyspace } = process();
    const { token } = await sessions.create(ANN);
    await clock.advance(MINUTE);
    let letGo: () => void = () => undefined;
    keyspace.beforeWrite = () => new Promise((resolve) => (letGo = resolve));
    await sessions.read(token);
    let isClosed = false;
    const closing = sessions.close().then(() => (isClosed = true));
    await clock.advance(0);
    expect(isClosed).toBe(false);
    letGo();
    await closing;
    keyspace.beforeWrite = null;
    await clock.advance(MINUTE);
    await sessions.read(token);
    await clock.advance(0);
    expect(keyspace.writes).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it('is noted for some hundred sessions at a time, and for the others later', async () => {
    const { process, clock } = world();
    const { sessions, keyspace } = process();
    const tokens: string[] = [];
    for (let i = 0; i < 300; i++) tokens.push((await sessions.create(ANN)).token);
    await clock.advance(MINUTE);
    const waiting: (() => void)[] = [];
    keyspace.beforeWrite = () => new Promise((resolve) => waiting.push(resolve));
    await Promise.all(tokens.map((token) => sessions.read(token)));
    expect(waiting).toHaveLength(256);
    for (const letGo of waiting) letGo();
    await clock.advance(0);
  });
});

describe('an update', () => {
  it('replaces the data, and counts as use', async () => {
    const { process, clock } = world();
    const [a, b] = [process<{ n: number }>(), process<{ n: number }>()];
    const { token, session } = await a.sessions.create({ userId: 'ann', data: { n: 1 } });
    await clock.advance(1000);
    const updated = await a.sessions.update(token, { n: 2 });
    expect(updated).toEqual({
      ...session,
      data: { n: 2 },
      lastSeenAt: session.lastSeenAt + 1000,
      expiresAt: session.expiresAt + 1000,
    });
    expect(await b.sessions.read(token)).toEqual(updated);
  });

  it('is of the data as it was when it was called', async () => {
    const { sessions } = world().process<{ n: number } | null>();
    const data = { n: 1 };
    const begun = sessions.create({ userId: 'ann', data });
    data.n = 2;
    const { token, session } = await begun;
    expect(session.data).toEqual({ n: 1 });
    data.n = 3;
    const updated = sessions.update(token, data);
    data.n = 4;
    expect((await updated).data).toEqual({ n: 3 });
    expect((await sessions.update(token, null)).data).toBeNull();
  });

  it('loses none of those that one process makes at the same time', async () => {
    const { sessions } = world().process<{ n: number }>();
    const { token } = await sessions.create({ userId: 'ann', data: { n: 0 } });
    const add = (): Promise<unknown> => sessions.update(token, ({ n }) => ({ n: n + 1 }));
    await Promise.all(Array.from({ length: 20 }, add));
    expect((await sessions.read(token)).data).toEqual({ n: 20 });
  });

  it('begins again when another process got ahead', async () => {
    const { process, clock } = world();
    const [a, b] = [process<{ n: number }>(), process<{ n: number }>()];
    const { token } = await a.sessions.create({ userId: 'ann', data: { n: 0 } });
    a.keyspace.beforeWrite = async () => {
      a.keyspace.beforeWrite = null;
      await b.sessions.update(token, { n: 10 });
      await b.sessions.update(token, { n: 20 });
    };
    const updated = await passing(
      clock,
      a.sessions.update(token, ({ n }) => ({ n: n + 1 })),
    );
    expect(updated.data).toEqual({ n: 21 });
  });

  it('gives up when others always get ahead', async () => {
    const { process, clock } = world();
    const [a, b] = [process<{ n: number }>(), process<{ n: number }>()];
    const { token } = await a.sessions.create({ userId: 'ann', data: { n: 0 } });
    a.keyspace.beforeWrite = async () => {
      await b.sessions.update(token, { n: 1 });
      await b.sessions.update(token, { n: 1 });
    };
    const code = await codeOf(passing(clock, a.sessions.update(token, { n: 5 })));
    expect(code).toBe('SESSION_UNAVAILABLE');
    // It leaves the others time to end.
    expect(clock.now()).toBeGreaterThanOrEqual(100);
    expect((await b.sessions.read(token)).data).toEqual({ n: 1 });
  });

  it('changes nothing when its function throws, or the data cannot be kept', async () => {
    const { sessions } = world().process();
    const { token, session } = await sessions.create(ANN);
    const failing = sessions.update(token, () => {
      throw new TypeError('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    await expect(sessions.update(token, { at: new Date() })).rejects.toBeInstanceOf(
      ValueUnserializableError,
    );
    const later = sessions.update(token, (() =>
      Promise.resolve({})) as unknown as () => object as never);
    await expect(later).rejects.toBeInstanceOf(ValueUnserializableError);
    expect(await sessions.read(token)).toEqual(session);
  });

  it('is refused for a session that is over', async () => {
    const { process, clock } = world();
    const { sessions } = process();
    const { token } = await sessions.create(ANN);
    await sessions.destroy(token);
    await clock.advance(2000);
    expect(await codeOf(sessions.update(token, {}))).toBe('SESSION_INVALID');
  });
});

describe('a rotation', () => {
  it('gives another token, and the old one is worth nothing', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const { token, session } = await a.sessions.create(ANN);
    await clock.advance(MINUTE);
    const rotated = await a.sessions.rotate(token);
    expect(rotated.token).not.toBe(token);
    expect(rotated.session).toEqual({
      ...session,
      id: rotated.session.id,
      lastSeenAt: session.lastSeenAt + MINUTE,
      expiresAt: session.expiresAt + MINUTE,
    });
    expect(rotated.session.id).not.toBe(session.id);
    await clock.advance(2000);
    expect(await b.sessions.read(rotated.token)).toEqual(rotated.session);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    expect((await b.sessions.listOf('ann')).sessions).toEqual([rotated.session]);
  });

  it('happens once when it is asked for twice at the same time', async () => {
    const { process, clock } = world();
    const { sessions } = process();
    const { token } = await sessions.create(ANN);
    const codes = [codeOf(sessions.rotate(token)), codeOf(sessions.rotate(token))];
    expect(await passing(clock, Promise.all(codes))).toEqual(['ok', 'SESSION_INVALID']);
    expect((await sessions.listOf('ann')).sessions).toHaveLength(1);
  });

  it.each(['missing', 'deleted'] as const)(
    'says that the session is %s when that is found out at the end',
    async (reason) => {
      const { process, redis } = world();
      const [a, b] = [process(), process()];
      const { token, session } = await a.sessions.create(ANN);
      a.keyspace.beforeEnd = async () => {
        a.keyspace.beforeEnd = null;
        if (reason === 'missing') redis.data.evict(session.id);
        else await b.sessions.destroy(token);
      };
      await expect(a.sessions.rotate(token)).rejects.toMatchObject({
        code: 'SESSION_INVALID',
        details: { reason },
      });
      expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
    },
  );

  it('leaves the old token valid and no other one when the old one cannot be ended', async () => {
    const { sessions, keyspace } = world().process();
    const { token, session } = await sessions.create(ANN);
    keyspace.delete = () => Promise.reject(new TypeError('no'));
    await expect(sessions.rotate(token)).rejects.toThrow('no');
    expect(await sessions.read(token)).toEqual(session);
  });
});

describe('the sessions of a user', () => {
  it('are listed, the last used one first, without their tokens', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const first = await a.sessions.create(ANN);
    await clock.advance(1000);
    const second = await b.sessions.create(ANN);
    await a.sessions.create({ userId: 'bob', data: {} });
    await clock.advance(1000);
    await b.sessions.touch(first.token);
    const list = await a.sessions.listOf('ann');
    expect(list.isComplete).toBe(true);
    expect(list.sessions.map(({ id }) => id)).toEqual([first.session.id, second.session.id]);
    expect(JSON.stringify(list)).not.toContain(first.token);
    expect(await a.sessions.listOf('nobody')).toEqual({ sessions: [], isComplete: true });
  });

  it('are listed without those that are over', async () => {
    const { process, clock, redis } = world();
    const { sessions } = process();
    const [ended, expired, damaged, fine] = [
      await sessions.create(ANN),
      await sessions.create({ ...ANN, idleMs: 1000 }),
      await sessions.create(ANN),
      await sessions.create(ANN),
    ];
    await sessions.destroy(ended.token);
    redis.unreadable.set(damaged.session.id, 'corrupt');
    await clock.advance(1000);
    expect(expired.session.expiresAt).toBe(clock.wallTime());
    const { sessions: listed } = await sessions.listOf('ann');
    expect(listed.map(({ id }) => id)).toEqual([fine.session.id]);
  });

  it('are listed when there are many', async () => {
    const { sessions } = world().process();
    for (let i = 0; i < 450; i++) await sessions.create(ANN);
    expect((await sessions.listOf('ann')).sessions).toHaveLength(450);
  });

  it('can be ended one by one by their owner, and by nobody else', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const { token, session } = await a.sessions.create(ANN);
    expect(await b.sessions.destroyById('bob', session.id)).toBe(false);
    expect(await b.sessions.destroyById('ann', token)).toBe(false);
    expect(await b.sessions.destroyById('ann', 'f'.repeat(64))).toBe(false);
    expect(await codeOf(a.sessions.read(token))).toBe('ok');
    expect(await b.sessions.destroyById('ann', session.id)).toBe(true);
    await clock.advance(2000);
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    expect(await b.sessions.destroyById('ann', session.id)).toBe(false);
  });

  it('can be ended all at once, on every process; those of others stay', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const mine = [await a.sessions.create(ANN), await b.sessions.create(ANN)];
    const other = await a.sessions.create({ userId: 'bob', data: {} });
    await a.sessions.destroyAllOf('ann');
    await clock.advance(2000);
    for (const { token } of mine) {
      expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    }
    expect(await codeOf(b.sessions.read(other.token))).toBe('ok');
    expect(await codeOf(a.sessions.create(ANN))).toBe('ok');
  });

  it('can be ended all but one, which never stops being valid', async () => {
    const { process, clock } = world();
    const [a, b] = [process(), process()];
    const { token: kept, session } = await a.sessions.create(ANN);
    const other = await b.sessions.create(ANN);
    // Reads it again and again while the others are ended.
    const looks: Promise<string>[] = [];
    const drop = a.keyspace.dropGroup.bind(a.keyspace);
    a.keyspace.dropGroup = async (...given) => {
      const receipt = await drop(...given);
      looks.push(codeOf(b.sessions.read(kept)), codeOf(a.sessions.read(kept)));
      await clock.advance(0);
      return receipt;
    };
    await passing(clock, a.sessions.destroyAllOf('ann', { except: kept }));
    expect(await passing(clock, Promise.all(looks))).toEqual(['ok', 'ok']);
    await clock.advance(2000);
    expect(await codeOf(b.sessions.read(other.token))).toBe('SESSION_INVALID');
    expect(await b.sessions.read(kept)).toEqual(session);
    expect((await b.sessions.listOf('ann')).sessions).toEqual([session]);
  });

  it('are left alone when the one to stay is not one of them', async () => {
    const { sessions } = world().process();
    const { token } = await sessions.create(ANN);
    const { token: stranger } = await sessions.create({ userId: 'bob', data: {} });
    for (const except of [stranger, newToken(), 'no-token']) {
      expect(await codeOf(sessions.destroyAllOf('ann', { except }))).toBe('SESSION_INVALID');
    }
    expect(await codeOf(sessions.read(token))).toBe('ok');
  });

  it.each(['listOf', 'destroyAllOf'] as const)('are not asked for by nothing: %s', async (name) => {
    const { sessions } = world().process();
    await expect(sessions[name]('')).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(sessions.destroyById('', 'f'.repeat(64))).rejects.toThrow(InvalidArgumentError);
  });
});

describe('what stands in Redis under the id of a session', () => {
  it.each([
    ['corrupt', 'corrupt'],
    ['newer-format', 'newer-format'],
  ] as const)('is no session when it is %s, and that is reported', async (fault, reported) => {
    const { process, redis } = world();
    const { sessions, events } = process();
    const { token, session } = await sessions.create(ANN);
    redis.unreadable.set(session.id, fault);
    await expect(sessions.read(token)).rejects.toMatchObject({ details: { reason: 'unreadable' } });
    expect(events).toEqual([{ type: 'value.rejected', keyspace: 'sessions', fault: reported }]);
  });

  it.each([
    ['corrupt', 'no record'],
    ['newer-format', '[2]\n{}'],
  ])('is no session when its record is %s', async (fault, text) => {
    const { process, redis } = world();
    const { sessions, events } = process();
    const { token, session } = await sessions.create(ANN);
    const entry = redis.data.entries.get(session.id);
    if (entry === undefined) throw new TypeError('it is not there');
    redis.data.entries.set(session.id, { ...entry, body: Buffer.from(text) });
    expect(await codeOf(sessions.read(token))).toBe('SESSION_INVALID');
    expect(events).toEqual([{ type: 'value.rejected', keyspace: 'sessions', fault }]);
  });
});
