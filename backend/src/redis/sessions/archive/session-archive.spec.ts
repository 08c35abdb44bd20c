import { turns } from '../../../../test/support/engine-rig.js';
import {
  codeOf,
  newSessionWorld,
  passing,
  TableArchive,
  type SessionRig,
  type SessionWorld,
} from '../../../../test/support/session-rig.js';
import { groupOfUser, idOf, newToken } from '../record/session-token.js';
import { stampDigits } from '../../keyspace/index.js';

const MINUTE = 60_000;
const ANN = { userId: 'ann', data: { n: 0 } };

describe('sessions with an archive', () => {
  let world: SessionWorld;
  let archive: TableArchive;
  let a: SessionRig<{ n: number }>;
  let b: SessionRig<{ n: number }>;

  beforeEach(() => {
    world = newSessionWorld();
    archive = new TableArchive();
    a = world.process({ archive });
    b = world.process({ archive });
  });

  it('are kept in it, without their tokens, from the login on', async () => {
    const { token, session } = await a.sessions.create(ANN);
    const row = archive.rows.get(session.id);
    expect(row).toMatchObject({ id: idOf(token), userId: 'ann', data: { n: 0 } });
    expect(JSON.stringify([...archive.rows])).not.toContain(token);
    const entry = world.redis.data.entries.get(session.id);
    expect(row?.revision).toBe(entry === undefined ? '' : stampDigits(entry.stamp));
  });

  it('are read without it while Redis has them', async () => {
    const { token } = await a.sessions.create(ANN);
    archive.error = new TypeError('down');
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
    expect(archive.count('find')).toBe(0);
  });

  it('survive a Redis that comes back empty, and are in it again after one look', async () => {
    const { token, session } = await a.sessions.create(ANN);
    await a.sessions.update(token, { n: 5 });
    world.redis.empty();
    const found = await b.sessions.read(token);
    expect(found).toEqual({ ...session, data: { n: 5 } });
    expect(await a.sessions.read(token)).toEqual(found);
    expect(archive.count('find')).toBe(1);
    expect((await a.sessions.listOf('ann')).sessions).toEqual([found]);
    expect(world.clock.pending).toBe(0);
  });

  it('are asked for once when many ask at the same time', async () => {
    const { token } = await a.sessions.create(ANN);
    world.redis.empty();
    archive.isHanging = true;
    const reads = Array.from({ length: 50 }, () => codeOf(a.sessions.read(token)));
    await turns(2);
    archive.release();
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['ok']));
    expect(archive.count('find')).toBe(1);
  });

  it('are asked for by a few at a time when Redis came back empty', async () => {
    const few = world.process({ archive, archiveConcurrency: 3 });
    const tokens: string[] = [];
    for (let i = 0; i < 10; i++) tokens.push((await few.sessions.create(ANN)).token);
    world.redis.empty();
    archive.isHanging = true;
    const reads = tokens.map((token) => codeOf(few.sessions.read(token)));
    await turns(2);
    expect(archive.count('find')).toBe(3);
    archive.release();
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['ok']));
  });

  it('are served from it while Redis is away, and looked up once in five seconds', async () => {
    const { token, session } = await a.sessions.create(ANN);
    b.keyspace.goAway();
    for (let i = 0; i < 20; i++) expect(await b.sessions.read(token)).toEqual(session);
    expect(archive.count('find')).toBe(1);
    expect(b.keyspace.journaled).toBe(0);
    await world.clock.advance(5000);
    await b.sessions.read(token);
    expect(archive.count('find')).toBe(2);
    await a.sessions.destroy(token);
    await world.clock.advance(5000);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('are an object of its own for each call, so that what one does with its data reaches no other', async () => {
    const { token } = await a.sessions.create({ userId: 'ann', data: { n: 1 } });
    const readTwice = () => Promise.all([b.sessions.read(token), b.sessions.read(token)]);
    for (const isAway of [false, true]) {
      world.redis.empty();
      if (isAway) b.keyspace.goAway();
      const [first, second] = await readTwice();
      Object.assign(first.data, { n: 2 });
      expect(second.data).toEqual({ n: 1 });
      expect((await b.sessions.read(token)).data).toEqual({ n: 1 });
    }
  });

  it('stay in it when Redis has lost them while they were rotated, or cannot say so', async () => {
    for (const isLost of [true, false]) {
      const { token, session } = await a.sessions.create(ANN);
      a.keyspace.beforeEnd = () => {
        a.keyspace.beforeEnd = null;
        if (isLost) world.redis.empty();
        else a.keyspace.writeError = new TypeError('no');
      };
      await expect(a.sessions.rotate(token)).rejects.toThrow();
      a.keyspace.writeError = null;
      world.redis.empty();
      expect(await b.sessions.read(token)).toEqual(session);
      expect((await b.sessions.rotate(token)).session.data).toEqual(session.data);
      expect(archive.rows.size).toBe(1);
      await b.sessions.destroyAllOf('ann');
    }
  });

  it('are not remembered for longer than they live', async () => {
    const { token } = await a.sessions.create({ ...ANN, idleMs: 2000 });
    b.keyspace.goAway();
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
    await world.clock.advance(2000);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('are not held in memory when they are large', async () => {
    const large = world.process({ archive });
    const { token } = await large.sessions.create({
      userId: 'ann',
      data: { x: 'x'.repeat(20_000) },
    });
    b.keyspace.goAway();
    await b.sessions.read(token);
    await b.sessions.read(token);
    expect(archive.count('find')).toBe(2);
  });

  it('can be changed, rotated and ended while Redis is away, though memory does not know them', async () => {
    const changed = await a.sessions.create(ANN);
    const rotated = await a.sessions.create(ANN);
    const ended = await a.sessions.create(ANN);
    b.keyspace.goAway();
    await b.sessions.update(changed.token, { n: 4 });
    const { token } = await b.sessions.rotate(rotated.token);
    await b.sessions.destroy(ended.token);
    b.keyspace.comeBack();
    await world.clock.advance(2000);
    expect((await a.sessions.read(changed.token)).data).toEqual({ n: 4 });
    expect(await codeOf(a.sessions.read(token))).toBe('ok');
    expect(await codeOf(a.sessions.read(rotated.token))).toBe('SESSION_INVALID');
    expect(await codeOf(a.sessions.read(ended.token))).toBe('SESSION_INVALID');
    expect(archive.rows.size).toBe(2);
  });

  it('are refused without it when Redis knows that they were ended', async () => {
    const { token, session } = await a.sessions.create(ANN);
    const row = archive.rows.get(session.id);
    await a.sessions.destroy(token);
    if (row !== undefined) archive.rows.set(session.id, row);
    await world.clock.advance(2000);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    expect(archive.count('find')).toBe(0);
  });

  it.each([0, 5000])(
    'are not brought back by a look-up that was under way when they were ended, %j ms ahead',
    async (offsetMs) => {
      const ahead = world.process({ archive }, offsetMs);
      const { token, session } = await a.sessions.create(ANN);
      await world.clock.advance(1);
      world.redis.empty();
      ahead.keyspace.beforeWrite = async () => {
        ahead.keyspace.beforeWrite = null;
        await a.keyspace.delete(session.id);
      };
      expect(await codeOf(passing(world.clock, ahead.sessions.read(token)))).toBe(
        'SESSION_INVALID',
      );
      await world.clock.advance(2000);
      expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    },
  );

  it('are served as somebody else has changed them while they were looked up', async () => {
    const { token } = await a.sessions.create(ANN);
    world.redis.empty();
    b.keyspace.beforeWrite = async () => {
      b.keyspace.beforeWrite = null;
      await a.sessions.update(token, { n: 3 });
    };
    expect((await b.sessions.read(token)).data).toEqual({ n: 3 });
  });

  it('are not looked up again at once when it has none: forged tokens cannot hammer it', async () => {
    const forged = newToken();
    for (let i = 0; i < 20; i++)
      expect(await codeOf(a.sessions.read(forged))).toBe('SESSION_INVALID');
    expect(archive.count('find')).toBe(1);
    await world.clock.advance(5000);
    await codeOf(a.sessions.read(forged));
    expect(archive.count('find')).toBe(2);
  });

  it('are not looked up at all when the token cannot be one', async () => {
    await codeOf(a.sessions.read('x'));
    expect(archive.calls).toEqual([]);
  });

  it('have run out in it as well when they were not used', async () => {
    const { token } = await a.sessions.create(ANN);
    await world.clock.advance(30 * MINUTE);
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    expect(archive.rows.size).toBe(1);
  });

  it('are as fresh in it as their use was noted', async () => {
    const { token } = await a.sessions.create(ANN);
    for (let i = 0; i < 4; i++) {
      await world.clock.advance(20 * MINUTE);
      await a.sessions.read(token);
      await world.clock.advance(0);
    }
    world.redis.empty();
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
  });

  it('are not brought back in it by a use that is noted late', async () => {
    const { token } = await a.sessions.create(ANN);
    await world.clock.advance(MINUTE);
    archive.isHanging = true;
    await a.sessions.read(token);
    await turns(1);
    archive.isHanging = false;
    await b.sessions.destroy(token);
    archive.release();
    await world.clock.advance(0);
    expect(archive.rows.size).toBe(0);
  });

  it.each(['corrupt', 'newer-format'] as const)(
    'are taken from it when what Redis has is %s',
    async (fault) => {
      const { token, session } = await a.sessions.create(ANN);
      world.redis.unreadable.set(session.id, fault);
      const { writes } = b.keyspace;
      expect(await b.sessions.read(token)).toEqual(session);
      // What a newer version has written stays for those who can read it.
      expect(b.keyspace.writes - writes).toBe(fault === 'corrupt' ? 1 : 0);
    },
  );

  it.each([
    ['no record', () => ({ id: 'x' })],
    ['text', () => 'text'],
    ['the record of another session', (row: object) => ({ ...row, id: 'f'.repeat(64) })],
    ['a record without its end', (row: object) => ({ ...row, endsAt: undefined })],
    ['a record without its data', (row: object) => ({ ...row, data: undefined })],
    ['a record with data that is no JSON', (row: object) => ({ ...row, data: { n: 1n } })],
  ])('are refused when it hands out %s', async (_, spoil) => {
    const { token, session } = await a.sessions.create(ANN);
    world.redis.empty();
    const row = archive.rows.get(session.id) ?? {};
    archive.find = () => Promise.resolve(spoil(row) as never);
    await expect(b.sessions.read(token)).rejects.toMatchObject({
      details: { reason: 'unreadable' },
    });
    expect(b.events).toContainEqual({
      type: 'value.rejected',
      keyspace: 'sessions',
      fault: 'corrupt',
    });
  });

  it('are not listed when it hands out something else', async () => {
    archive.listOf = () => Promise.resolve(['text', null, { userId: 'ann' }] as never);
    expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
  });

  it('are taken for none when it has undefined, and for no list when it has none', async () => {
    archive.find = () => Promise.resolve(undefined as unknown as null);
    archive.listOf = () => Promise.resolve(undefined as unknown as []);
    expect(await codeOf(a.sessions.read(newToken()))).toBe('SESSION_INVALID');
    expect((await a.sessions.listOf('ann')).sessions).toEqual([]);
  });

  describe('that fails', () => {
    it.each([
      ['rejects', () => Promise.reject(new TypeError('down'))],
      [
        'throws at once',
        () => {
          throw new TypeError('down');
        },
      ],
    ])('leave open who is logged in when it %s, and log nobody out', async (_, find) => {
      const { token } = await a.sessions.create(ANN);
      world.redis.empty();
      archive.find = find;
      await expect(b.sessions.read(token)).rejects.toMatchObject({
        code: 'SESSION_UNAVAILABLE',
        retryable: true,
        cause: new TypeError('down'),
      });
      expect(await codeOf(b.sessions.find(token))).toBe('SESSION_UNAVAILABLE');
    });

    it('are waited for until the deadline; then the signal of the archive fires', async () => {
      const { token } = await a.sessions.create(ANN);
      world.redis.empty();
      archive.isHanging = true;
      const startedAt = world.clock.now();
      expect(await codeOf(passing(world.clock, b.sessions.read(token)))).toBe(
        'SESSION_UNAVAILABLE',
      );
      expect(world.clock.now() - startedAt).toBeLessThanOrEqual(1010);
      expect(archive.signals.at(-1)?.aborted).toBe(true);
      expect(world.clock.pending).toBe(0);
      archive.release();
      expect(await codeOf(b.sessions.read(token))).toBe('ok');
      expect(archive.signals.at(-1)?.aborted).toBe(false);
    });

    it('are looked up again once it answers, though many calls to it never ended', async () => {
      const { token } = await a.sessions.create(ANN);
      world.redis.empty();
      archive.isHanging = true;
      const forged = Array.from({ length: 100 }, () => codeOf(b.sessions.read(newToken())));
      const codes = await passing(world.clock, Promise.all(forged));
      expect(new Set(codes)).toEqual(new Set(['SESSION_UNAVAILABLE']));
      archive.isHanging = false;
      expect(await codeOf(b.sessions.read(token))).toBe('ok');
    });

    it('are not begun, changed or rotated, unless it is not required', async () => {
      const { token, session } = await a.sessions.create(ANN);
      archive.error = new TypeError('down');
      expect(await codeOf(a.sessions.create(ANN))).toBe('SESSION_UNAVAILABLE');
      expect(await codeOf(a.sessions.rotate(token))).toBe('SESSION_UNAVAILABLE');
      expect((await a.sessions.read(token)).id).toBe(session.id);
      expect(world.redis.data.entries.size).toBe(1);
      expect(await codeOf(a.sessions.update(token, { n: 1 }))).toBe('SESSION_UNAVAILABLE');

      const lax = world.process<{ n: number }>({ archive, archiveRequired: false });
      const { token: own } = await lax.sessions.create(ANN);
      expect((await lax.sessions.update(own, { n: 2 })).data).toEqual({ n: 2 });
      expect(await codeOf(lax.sessions.read(own))).toBe('ok');
      expect(lax.events).toEqual(
        Array(2).fill({
          type: 'value.write-failed',
          keyspace: 'sessions',
          reason: 'SESSION_UNAVAILABLE',
        }),
      );
    });

    it('are begun with it alone when Redis and the journal take nothing more', async () => {
      a.keyspace.goAway();
      a.keyspace.isJournalFull = true;
      const { token, session } = await a.sessions.create(ANN);
      expect(await a.sessions.read(token)).toEqual(session);
      expect(await b.sessions.read(token)).toEqual(session);
      expect(a.events).toEqual([
        { type: 'value.write-failed', keyspace: 'sessions', reason: 'JOURNAL_FULL' },
      ]);
      const lax = world.process({ archive, archiveRequired: false });
      lax.keyspace.goAway();
      lax.keyspace.isJournalFull = true;
      archive.error = new TypeError('down');
      expect(await codeOf(lax.sessions.create(ANN))).toBe('JOURNAL_FULL');
      a.keyspace.writeError = new TypeError('a mistake');
      archive.error = null;
      await expect(a.sessions.create(ANN)).rejects.toThrow('a mistake');
    });

    it('are served although Redis does not take them back', async () => {
      const { token, session } = await a.sessions.create(ANN);
      world.redis.empty();
      b.keyspace.writeError = new TypeError('full');
      expect(await b.sessions.read(token)).toEqual(session);
      expect(b.events).toEqual([
        { type: 'value.write-failed', keyspace: 'sessions', reason: 'unknown error' },
      ]);
    });

    it.each([
      ['destroy', (token: string) => a.sessions.destroy(token)],
      ['destroyById', (token: string) => a.sessions.destroyById('ann', idOf(token))],
      ['destroyAllOf', () => a.sessions.destroyAllOf('ann')],
    ])('are ended in Redis by %s, which says that it could not end them in it', async (_, end) => {
      const { token } = await a.sessions.create(ANN);
      archive.error = new TypeError('down');
      expect(await codeOf(end(token))).toBe('SESSION_UNAVAILABLE');
      await world.clock.advance(2000);
      expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
      archive.error = null;
      await a.sessions.destroy(token);
      expect(archive.rows.size).toBe(0);
    });

    it('are ended in it although Redis refuses, and that is said', async () => {
      const { token } = await a.sessions.create(ANN);
      a.keyspace.goAway();
      a.keyspace.isJournalFull = true;
      expect(await codeOf(a.sessions.destroy(token))).toBe('JOURNAL_FULL');
      expect(archive.rows.size).toBe(0);
    });

    it('leave nothing in it when their rotation was refused', async () => {
      const { token, session } = await a.sessions.create(ANN);
      a.keyspace.writeError = new TypeError('no');
      await expect(a.sessions.rotate(token)).rejects.toThrow('no');
      expect([...archive.rows.keys()]).toEqual([session.id]);
      a.keyspace.writeError = null;
      await world.clock.advance(1);
      a.keyspace.beforeWrite = async () => {
        a.keyspace.beforeWrite = null;
        await b.keyspace.dropGroup(groupOfUser('ann'));
      };
      expect(await codeOf(a.sessions.rotate(token))).toBe('SESSION_INVALID');
      expect([...archive.rows.keys()]).toEqual([session.id]);
    });

    it('say what went wrong first when their rotation cannot be taken back either', async () => {
      const { token } = await a.sessions.create(ANN);
      a.keyspace.writeError = new TypeError('first');
      archive.remove = () => Promise.reject(new TypeError('second'));
      await expect(a.sessions.rotate(token)).rejects.toThrow('first');
      expect(a.events).toEqual([
        { type: 'value.write-failed', keyspace: 'sessions', reason: 'SESSION_UNAVAILABLE' },
      ]);
    });

    it('stay as they are when a rotation fails half way', async () => {
      const { token, session } = await a.sessions.create(ANN);
      archive.remove = () => Promise.reject(new TypeError('down'));
      expect(await codeOf(a.sessions.rotate(token))).toBe('SESSION_UNAVAILABLE');
      expect((await b.sessions.read(token)).id).toBe(session.id);
      expect((await b.sessions.listOf('ann')).sessions.map(({ id }) => id)).toEqual([session.id]);
    });

    it('are extended in Redis anyway when they are used', async () => {
      const { token, session } = await a.sessions.create(ANN);
      await world.clock.advance(1000);
      archive.error = new TypeError('down');
      expect((await a.sessions.touch(token)).expiresAt).toBe(session.expiresAt + 1000);
      expect(a.events).toHaveLength(1);
    });

    it('are listed as far as Redis knows them, and the list says so', async () => {
      const { session } = await a.sessions.create(ANN);
      archive.error = new TypeError('down');
      const list = await b.sessions.listOf('ann');
      expect(list).toEqual({ sessions: [session], isComplete: false });
    });
  });

  describe('are listed', () => {
    it('from both, in their latest state, without those that were ended', async () => {
      const [inBoth, ended, moved] = [
        await a.sessions.create(ANN),
        await a.sessions.create(ANN),
        await a.sessions.create(ANN),
      ];
      const row = archive.rows.get(ended.session.id);
      await a.sessions.destroy(ended.token);
      if (row !== undefined) archive.rows.set(ended.session.id, row);
      await world.clock.advance(1000);
      const touched = await a.sessions.touch(moved.token);
      const list = await b.sessions.listOf('ann');
      expect(list).toEqual({ sessions: [touched, inBoth.session], isComplete: true });
    });

    it('from it alone after Redis came back empty, or while it is away', async () => {
      const { session } = await a.sessions.create(ANN);
      world.redis.empty();
      expect(await b.sessions.listOf('ann')).toEqual({ sessions: [session], isComplete: true });
      b.keyspace.goAway();
      expect(await b.sessions.listOf('ann')).toEqual({ sessions: [session], isComplete: true });
      const lax = world.process({ archive, archiveRequired: false });
      lax.keyspace.goAway();
      expect(await lax.sessions.listOf('ann')).toEqual({ sessions: [session], isComplete: false });
    });

    it('in the state of the archive where Redis is behind', async () => {
      const { session } = await a.sessions.create(ANN);
      const row = archive.rows.get(session.id);
      const stored = { ...row, data: { n: 8 }, revision: 'f'.repeat(32) };
      archive.rows.set(session.id, stored as never);
      expect((await b.sessions.listOf('ann')).sessions[0]?.data).toEqual({ n: 8 });
    });

    it('without those in it that have run out', async () => {
      await a.sessions.create({ ...ANN, idleMs: 5000 });
      await world.clock.advance(5000);
      expect(archive.rows.size).toBe(1);
      expect((await a.sessions.listOf('ann')).sessions).toEqual([]);
    });

    it('without those of others that it hands out', async () => {
      await a.sessions.create({ userId: 'bob', data: { n: 0 } });
      archive.listOf = () => Promise.resolve([...archive.rows.values()]);
      expect((await a.sessions.listOf('ann')).sessions).toEqual([]);
    });
  });

  it('are ended all but one in it as well', async () => {
    const kept = await a.sessions.create(ANN);
    await b.sessions.create(ANN);
    await b.sessions.create({ userId: 'bob', data: { n: 0 } });
    await a.sessions.destroyAllOf('ann', { except: kept.token });
    const users = [...archive.rows.values()].map(({ id, userId }) => [
      userId,
      id === kept.session.id,
    ]);
    expect(users).toEqual([
      ['ann', true],
      ['bob', false],
    ]);
    world.redis.empty();
    expect(await codeOf(b.sessions.read(kept.token))).toBe('ok');
  });

  it('are begun in it although the calendar of the last who ended all was ahead', async () => {
    const ahead = world.process({ archive }, 5000);
    await ahead.sessions.destroyAllOf('ann');
    const { token } = await a.sessions.create(ANN);
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
    expect(archive.rows.size).toBe(1);
  });
});
