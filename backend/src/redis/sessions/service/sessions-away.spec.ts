import {
  codeOf,
  newSessionWorld,
  passing,
  type SessionWorld,
} from '../../../../test/support/session-rig.js';
import { newToken } from '../record/session-token.js';

const MINUTE = 60_000;
const ANN = { userId: 'ann', data: { n: 0 } };

describe('while Redis is away', () => {
  let world: SessionWorld;
  beforeEach(() => {
    world = newSessionWorld();
  });

  it('logs nobody out: what this process knows is valid, of the rest nobody can tell', async () => {
    const [a, b] = [world.process(), world.process()];
    const known = await a.sessions.create(ANN);
    const unknown = await b.sessions.create(ANN);
    a.keyspace.goAway();
    expect(await a.sessions.read(known.token)).toEqual(known.session);
    const calls = [
      a.sessions.read(unknown.token),
      a.sessions.find(unknown.token),
      a.sessions.touch(unknown.token),
      a.sessions.update(unknown.token, {}),
      a.sessions.rotate(unknown.token),
      a.sessions.destroyById('ann', unknown.session.id),
      a.sessions.destroyAllOf('ann', { except: unknown.token }),
    ];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE', retryable: true });
    }
    expect(await codeOf(a.sessions.read(newToken()))).toBe('SESSION_UNAVAILABLE');
    expect(await codeOf(a.sessions.read('no-token'))).toBe('SESSION_INVALID');
    a.keyspace.comeBack();
    expect(await a.sessions.read(unknown.token)).toEqual(unknown.session);
  });

  it('begins, changes, rotates and ends sessions, and Redis learns of it later', async () => {
    const [a, b] = [world.process<{ n: number }>(), world.process<{ n: number }>()];
    const old = await a.sessions.create(ANN);
    a.keyspace.goAway();
    const fresh = await a.sessions.create(ANN);
    await a.sessions.update(fresh.token, ({ n }) => ({ n: n + 1 }));
    const rotated = await a.sessions.rotate(old.token);
    const ended = await a.sessions.create(ANN);
    await a.sessions.destroy(ended.token);
    expect((await a.sessions.read(fresh.token)).data).toEqual({ n: 1 });
    expect(await codeOf(a.sessions.read(rotated.token))).toBe('ok');
    await world.clock.advance(2000);
    expect(await codeOf(a.sessions.read(old.token))).toBe('SESSION_INVALID');
    expect(await codeOf(a.sessions.read(ended.token))).toBe('SESSION_INVALID');
    const list = await a.sessions.listOf('ann');
    expect(list).toMatchObject({ isComplete: false });
    expect(list.sessions.map(({ id }) => id).sort()).toEqual(
      [fresh.session.id, rotated.session.id].sort(),
    );
    a.keyspace.comeBack();
    expect((await b.sessions.read(fresh.token)).data).toEqual({ n: 1 });
    expect(await codeOf(b.sessions.read(rotated.token))).toBe('ok');
    expect(await codeOf(b.sessions.read(old.token))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(ended.token))).toBe('SESSION_INVALID');
  });

  it('calls no list complete of which Redis has answered a part only', async () => {
    const [a, b] = [world.process(), world.process()];
    await a.sessions.create(ANN);
    const { keyspace } = b;
    const readMany = keyspace.readMany.bind(keyspace);
    keyspace.readMany = (keys) => {
      keyspace.goAway();
      return readMany(keys);
    };
    expect(await b.sessions.listOf('ann')).toEqual({ sessions: [], isComplete: false });
  });

  it('says so when a session cannot be begun, changed or ended, for the journal is full', async () => {
    const { sessions, keyspace } = world.process();
    const { token, session } = await sessions.create(ANN);
    keyspace.goAway();
    keyspace.isJournalFull = true;
    const calls = [
      sessions.create(ANN),
      sessions.touch(token),
      sessions.update(token, { n: 1 }),
      sessions.rotate(token),
      sessions.destroy(token),
      sessions.destroyById('ann', session.id),
      sessions.destroyAllOf('ann'),
      sessions.destroyAllOf('ann', { except: token }),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('JOURNAL_FULL');
    expect(await sessions.read(token)).toEqual(session);
    keyspace.comeBack();
    expect(await sessions.read(token)).toEqual(session);
  });

  it('saves the journal for logins: a session in use is noted when half its idle time is over', async () => {
    const { sessions, keyspace } = world.process();
    const { token } = await sessions.create(ANN);
    keyspace.goAway();
    for (let minute = 1; minute < 15; minute++) {
      await world.clock.advance(MINUTE);
      await sessions.read(token);
    }
    expect(keyspace.journaled).toBe(0);
    for (let minute = 15; minute < 120; minute++) {
      await world.clock.advance(MINUTE);
      expect(await codeOf(sessions.read(token))).toBe('ok');
    }
    expect(keyspace.journaled).toBe(7);
  });

  it('does not end a session as idle by its own copy alone: another process may have extended it', async () => {
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create({ ...ANN, idleMs: 10_000 });
    a.keyspace.goAway();
    await world.clock.advance(9000);
    await b.sessions.touch(token);
    await world.clock.advance(9000);
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_UNAVAILABLE');
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
  });

  it('does not believe a copy in memory that has run out, even when it is shown one', async () => {
    const { sessions, keyspace } = world.process();
    const { token, session } = await sessions.create({
      ...ANN,
      idleMs: 10_000,
      absoluteMs: 50_000,
    });
    const copy = keyspace.memory.entries.get(session.id);
    if (copy === undefined) throw new TypeError('memory has no copy');
    keyspace.memory.entries.set(session.id, { ...copy, freshUntil: 0, keptUntil: 0 });
    keyspace.goAway();
    await world.clock.advance(10_000);
    expect(await codeOf(sessions.read(token))).toBe('SESSION_UNAVAILABLE');
    // After its absolute end it is over, whatever other processes know.
    await world.clock.advance(40_000);
    expect(await codeOf(sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('hands on what else goes wrong, as it is', async () => {
    const { sessions, keyspace } = world.process();
    const { token } = await sessions.create(ANN);
    keyspace.readError = new TypeError('broken');
    await expect(sessions.read(token)).rejects.toThrow('broken');
    await expect(sessions.find(token)).rejects.toThrow('broken');
    await expect(sessions.destroyById('ann', 'f'.repeat(64))).rejects.toThrow('broken');
  });
});

describe('a session that was ended stays ended', () => {
  const LATER = 2000;
  let world: SessionWorld;
  beforeEach(() => {
    world = newSessionWorld();
  });

  it('when a process that was cut off had it in use meanwhile', async () => {
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(ANN);
    a.keyspace.goAway();
    await world.clock.advance(LATER);
    await b.sessions.destroy(token);
    await world.clock.advance(LATER);
    await a.sessions.touch(token);
    await a.sessions.update(token, { n: 9 });
    a.keyspace.comeBack();
    await world.clock.advance(LATER);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it.each([0, 5000, -5000])(
    'when its end comes in between a read and a write, the calendars being %j ms apart',
    async (offsetMs) => {
      const [a, b] = [world.process({}, offsetMs), world.process()];
      const end = async (token: string): Promise<void> => {
        a.keyspace.beforeWrite = null;
        await b.sessions.destroy(token);
      };
      for (const use of ['touch', 'update', 'rotate'] as const) {
        const { token } = await a.sessions.create(ANN);
        await world.clock.advance(10_000);
        a.keyspace.beforeWrite = () => end(token);
        const call: Promise<unknown> =
          use === 'update' ? a.sessions.update(token, {}) : a.sessions[use](token);
        expect(await codeOf(passing(world.clock, call))).toBe('SESSION_INVALID');
        await world.clock.advance(10_000);
        expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
      }
      expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
    },
  );

  it.each([0, 5000])(
    'when all of its user are ended in between, the calendar being %j ms ahead',
    async (offsetMs) => {
      const [a, b] = [world.process({}, offsetMs), world.process()];
      const { token } = await a.sessions.create(ANN);
      await world.clock.advance(10_000);
      for (const use of ['rotate', 'update', 'touch'] as const) {
        a.keyspace.beforeWrite = async () => {
          a.keyspace.beforeWrite = null;
          await b.sessions.destroyAllOf('ann');
        };
        const call: Promise<unknown> =
          use === 'update' ? a.sessions.update(token, {}) : a.sessions[use](token);
        expect(await codeOf(passing(world.clock, call))).toBe('SESSION_INVALID');
      }
      expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
    },
  );

  it('when it was one that a cut off process had begun before all of its user were ended', async () => {
    const [a, b] = [world.process(), world.process()];
    a.keyspace.goAway();
    const { token } = await a.sessions.create(ANN);
    await world.clock.advance(LATER);
    await b.sessions.destroyAllOf('ann');
    a.keyspace.comeBack();
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('when it was in use in the background', async () => {
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(ANN);
    await world.clock.advance(MINUTE);
    let letGo: () => void = () => undefined;
    a.keyspace.beforeWrite = () => new Promise((resolve) => (letGo = resolve));
    await a.sessions.read(token);
    await b.sessions.destroy(token);
    letGo();
    await world.clock.advance(LATER);
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    expect(a.events).toEqual([]);
  });

  it('but a new login is possible at once, also where the calendar is behind', async () => {
    const [ahead, behind] = [world.process({}, 5000), world.process()];
    await behind.sessions.create(ANN);
    await ahead.sessions.destroyAllOf('ann');
    const { token } = await behind.sessions.create(ANN);
    expect(await codeOf(ahead.sessions.read(token))).toBe('ok');
    expect((await behind.sessions.listOf('ann')).sessions).toHaveLength(1);
  });
});

describe('a change', () => {
  it('is not undone by a process that notes the use of what it has read before', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process<{ n: number }>({}, 5000), world.process<{ n: number }>()];
    const { token } = await a.sessions.create(ANN);
    await world.clock.advance(MINUTE);
    let letGo: () => void = () => undefined;
    a.keyspace.beforeWrite = () => new Promise((resolve) => (letGo = resolve));
    await a.sessions.read(token);
    await b.sessions.update(token, { n: 7 });
    letGo();
    await world.clock.advance(0);
    expect((await a.sessions.read(token)).data).toEqual({ n: 7 });
    expect((await b.sessions.read(token)).data).toEqual({ n: 7 });
  });
});
