import {
  codeOf,
  newSessionWorld,
  passing,
  type SessionWorld,
  TableArchive,
} from '../../../../test/support/session-rig.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ANN = { userId: 'ann', data: { n: 0 } };
/** A session that is not idle for as long as the tests last. */
const LONG = { ...ANN, idleMs: 12 * HOUR };

describe('a session that was ended stays ended', () => {
  let world: SessionWorld;
  beforeEach(() => {
    world = newSessionWorld();
  });

  it.each(['destroy', 'destroyAllOf'] as const)(
    'by %s, although a process that was cut off for longer than a journal lasts had it in use',
    async (how) => {
      const [a, b] = [world.process(), world.process()];
      const { token } = await a.sessions.create(LONG);
      a.keyspace.goAway();
      await (how === 'destroy' ? b.sessions.destroy(token) : b.sessions.destroyAllOf('ann'));
      for (let half = 0; half < 4; half++) {
        await world.clock.advance(HOUR / 2);
        await a.sessions.touch(token);
        await a.sessions.update(token, { n: half });
      }
      a.keyspace.comeBack();
      expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
      expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    },
  );

  it('although it was begun by a process whose calendar is ahead of the one that ends it', async () => {
    const [ahead, behind] = [world.process({}, 5 * MINUTE), world.process()];
    ahead.keyspace.goAway();
    const { token } = await ahead.sessions.create(LONG);
    ahead.keyspace.comeBack();
    behind.keyspace.goAway();
    await behind.sessions.destroy(token);
    behind.keyspace.comeBack();
    expect(await codeOf(behind.sessions.read(token))).toBe('SESSION_INVALID');
    expect(await codeOf(ahead.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('although its process has seen stamps of one whose calendar is ahead', async () => {
    const [ahead, here, there] = [world.process({}, 4000), world.process(), world.process()];
    ahead.keyspace.goAway();
    const first = await ahead.sessions.create(LONG);
    ahead.keyspace.comeBack();
    await here.sessions.read(first.token);
    const { token } = await here.sessions.create(LONG);
    await there.sessions.destroyAllOf('ann');
    expect(await codeOf(here.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('also a session that is begun right after all of its user were ended', async () => {
    const [here, there] = [world.process(), world.process()];
    await here.sessions.destroyAllOf('ann');
    const { token } = await there.sessions.create(LONG);
    expect(await codeOf(here.sessions.read(token))).toBe('ok');
    await here.sessions.destroyAllOf('ann');
    expect(await codeOf(there.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('by a process that was cut off, however long it was away', async () => {
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(LONG);
    b.keyspace.goAway();
    await b.sessions.destroy(token);
    await world.clock.advance(2 * HOUR);
    await a.sessions.update(token, { n: 1 });
    b.keyspace.comeBack();
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('until its time is over: no tombstone is kept for longer, or for less', async () => {
    const { sessions } = world.process({ maxAbsoluteMs: 24 * HOUR });
    const life = { idleMs: 5 * HOUR, absoluteMs: 5 * HOUR };
    const { token, session } = await sessions.create({ ...ANN, ...life });
    await world.clock.advance(HOUR);
    await sessions.destroy(token);
    const tombstone = world.redis.data.entries.get(session.id);
    expect(tombstone).toMatchObject({ kind: 'tombstone', isFinal: true });
    const leftMs = (tombstone?.freshUntil ?? 0) - world.clock.wallTime();
    expect([leftMs >= 4 * HOUR, leftMs <= 4 * HOUR + MINUTE]).toEqual([true, true]);
  });

  it('for as long as any session can live, where the one that ends it does not know it', async () => {
    const [a, b] = [world.process({}), world.process({ maxAbsoluteMs: 48 * HOUR })];
    a.keyspace.goAway();
    const { token, session } = await a.sessions.create(LONG);
    await b.sessions.destroy(token);
    const leftMs =
      (world.redis.data.entries.get(session.id)?.freshUntil ?? 0) - world.clock.wallTime();
    expect(leftMs).toBeGreaterThanOrEqual(48 * HOUR);
    a.keyspace.comeBack();
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('when it was changed long after all of its user were ended, for the mark knows when it was begun', async () => {
    const [a, b] = [world.process<{ n: number }>(), world.process()];
    a.keyspace.goAway();
    const { token } = await a.sessions.create(LONG);
    await world.clock.advance(MINUTE);
    await b.sessions.destroyAllOf('ann');
    await world.clock.advance(MINUTE);
    await a.sessions.update(token, { n: 1 });
    const { token: rotated } = await a.sessions.rotate(token);
    a.keyspace.comeBack();
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(rotated))).toBe('SESSION_INVALID');
  });

  it('and is not begun with a longer life than the tombstones are kept', async () => {
    const { sessions, keyspace } = world.process({ absoluteMs: HOUR, maxAbsoluteMs: 2 * HOUR });
    expect(await codeOf(sessions.create({ ...ANN, absoluteMs: 2 * HOUR }))).toBe('ok');
    await expect(sessions.create({ ...ANN, absoluteMs: 2 * HOUR + 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('maxAbsoluteMs') as string,
    });
    expect(keyspace.writes).toBe(1);
  });
});

describe('an acknowledged change', () => {
  it('is the base of the next one, although the replicas lag', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process<{ n: number[] }>(), world.process<{ n: number[] }>()];
    const { token } = await a.sessions.create({ userId: 'ann', data: { n: [] } });
    await b.sessions.read(token);
    for (let i = 0; i < 20; i++) {
      world.redis.holdReplica();
      const add = ({ n }: { n: number[] }): { n: number[] } => ({ n: [...n, n.length] });
      await a.sessions.update(token, add);
      await b.sessions.update(token, add);
      await b.sessions.touch(token);
      world.redis.letReplicaCatchUp();
      await world.clock.advance(1);
    }
    expect((await a.sessions.read(token)).data.n).toHaveLength(40);
  });

  it('is not undone by uses either that a cut off process has noted of what it changed in the same millisecond', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process<{ n: number }>(), world.process<{ n: number }>()];
    const { token } = await a.sessions.create(LONG);
    a.keyspace.goAway();
    await b.sessions.update(token, { n: 7 });
    await world.clock.advance(MINUTE);
    await a.sessions.touch(token);
    a.keyspace.comeBack();
    expect((await b.sessions.read(token)).data).toEqual({ n: 7 });
  });

  it('is not undone by a use that a cut off process has noted later', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process<{ n: number }>(), world.process<{ n: number }>()];
    const { token } = await a.sessions.create(LONG);
    a.keyspace.goAway();
    await world.clock.advance(MINUTE);
    await b.sessions.update(token, { n: 7 });
    await world.clock.advance(MINUTE);
    await a.sessions.touch(token);
    a.keyspace.comeBack();
    expect((await b.sessions.read(token)).data).toEqual({ n: 7 });
  });

  it.each([
    ['a', 'b'],
    ['b', 'a'],
  ] as const)(
    'of two uses of one state, noted by processes that were cut off, the later one stays: %s, then %s',
    async (early, late) => {
      for (const order of [
        [early, late],
        [late, early],
      ] as const) {
        const world = newSessionWorld();
        const rigs = { a: world.process(), b: world.process() };
        const { token, session } = await rigs.a.sessions.create(LONG);
        await rigs.b.sessions.read(token);
        rigs.a.keyspace.goAway();
        rigs.b.keyspace.goAway();
        await world.clock.advance(MINUTE);
        await rigs[early].sessions.touch(token);
        await world.clock.advance(MINUTE);
        await rigs[late].sessions.touch(token);
        for (const name of order) rigs[name].keyspace.comeBack();
        const read = await world.process().sessions.read(token);
        expect(read.lastSeenAt).toBe(session.lastSeenAt + 2 * MINUTE);
      }
    },
  );

  it('has a later revision than what it has changed, also where the calendar is behind', async () => {
    const world = newSessionWorld();
    const [ahead, behind] = [world.process({}, 10_000), world.process<{ n: number }>()];
    ahead.keyspace.goAway();
    const { token, session } = await ahead.sessions.create(ANN);
    ahead.keyspace.comeBack();
    const stampOf = (): unknown => world.redis.data.entries.get(session.id)?.stamp.wallMs;
    const before = Number(stampOf());
    await behind.sessions.update(token, { n: 1 });
    expect(stampOf()).toBeGreaterThanOrEqual(before);
    expect((await ahead.sessions.read(token)).data).toEqual({ n: 1 });
  });
});

describe('a rotation', () => {
  it('of one token by two processes gives exactly one of them a valid token', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    for (let pair = 0; pair < 100; pair++) {
      const { token } = await a.sessions.create(ANN);
      // Each delete waits until both have come to it, then in either order.
      const waiting: (() => void)[] = [];
      const meet = (): Promise<void> =>
        new Promise((go) => {
          waiting.push(go);
          if (waiting.length === 2) for (const one of pair % 2 ? waiting : waiting.reverse()) one();
        });
      let met = 0;
      for (const { keyspace } of [a, b]) {
        keyspace.beforeEnd = () => (++met <= 2 ? meet() : undefined);
      }
      const outcomes = await passing(
        world.clock,
        Promise.allSettled([a.sessions.rotate(token), b.sessions.rotate(token)]),
      );
      const given = outcomes.flatMap((one) =>
        one.status === 'fulfilled' ? [one.value.token] : [],
      );
      const refused = outcomes.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
      );
      expect([given.length, refused]).toEqual([1, ['SESSION_INVALID']]);
      const { sessions } = await a.sessions.listOf('ann');
      expect(sessions).toHaveLength(1);
      expect((await b.sessions.read(given[0] ?? '')).id).toBe(sessions[0]?.id);
      expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
      await a.sessions.destroy(given[0] ?? '');
    }
  });

  it('is possible for the one session that stayed when all others were ended', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(LONG);
    const other = await b.sessions.create(LONG);
    await world.clock.advance(1000);
    await a.sessions.destroyAllOf('ann', { except: token });
    const rotated = await b.sessions.rotate(token);
    const again = await a.sessions.rotate(rotated.token);
    expect(await codeOf(b.sessions.read(again.token))).toBe('ok');
    expect(await codeOf(b.sessions.rotate(other.token))).toBe('SESSION_INVALID');
    await b.sessions.destroyAllOf('ann');
    expect(await codeOf(a.sessions.read(again.token))).toBe('SESSION_INVALID');
    expect(await codeOf(a.sessions.rotate(again.token))).toBe('SESSION_INVALID');
  });

  it('keeps a change that another process makes meanwhile', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(LONG);
    let changes = 0;
    a.keyspace.beforeEnd = async () => {
      if (++changes > 2) return;
      await (changes === 1 ? b.sessions.update(token, { n: 1 }) : b.sessions.touch(token));
    };
    const rotated = await a.sessions.rotate(token);
    expect(rotated.session.data).toEqual({ n: 1 });
    expect((await b.sessions.read(rotated.token)).data).toEqual({ n: 1 });
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    expect((await b.sessions.listOf('ann')).sessions).toHaveLength(1);
  });

  it('is to be tried again, and changes nothing, while others change the session all the time', async () => {
    const world = newSessionWorld();
    const archive = new TableArchive();
    const [a, b] = [world.process({ archive }), world.process({ archive })];
    const { token, session } = await a.sessions.create(LONG);
    a.keyspace.beforeEnd = async () => {
      await b.sessions.update(token, ({ n }) => ({ n: Number(n) + 1 }));
    };
    expect(await codeOf(a.sessions.rotate(token))).toBe('SESSION_UNAVAILABLE');
    a.keyspace.beforeEnd = null;
    expect([...archive.rows.keys()]).toEqual([session.id]);
    expect((await b.sessions.listOf('ann')).sessions).toEqual([await b.sessions.read(token)]);
    world.redis.empty();
    expect(Number((await b.sessions.read(token)).data['n'])).toBeGreaterThan(1);
  });

  it('of the one that stays is to be tried again while ends of all others come all the time', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(LONG);
    a.keyspace.beforeWrite = async () => {
      await world.clock.advance(1000);
      await b.sessions.destroyAllOf('ann', { except: token });
    };
    expect(await codeOf(a.sessions.rotate(token))).toBe('SESSION_UNAVAILABLE');
    a.keyspace.beforeWrite = null;
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
    expect(await codeOf(a.sessions.rotate(token))).toBe('ok');
  });

  it('does not save a session from the end of all, which comes in between', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(LONG);
    await world.clock.advance(1000);
    let ends = 0;
    a.keyspace.beforeWrite = async () => {
      if (ends++ < 4) await b.sessions.destroyAllOf('ann');
    };
    expect(await codeOf(passing(world.clock, a.sessions.rotate(token)))).toBe('SESSION_INVALID');
    expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
  });
});

describe('the session that stays when all others of its user are ended', () => {
  it('is never refused meanwhile, and keeps what was changed meanwhile', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process<{ n: number }>(), world.process<{ n: number }>()];
    const { token } = await a.sessions.create(ANN);
    const looks: string[] = [];
    let n = 0;
    for (const rig of [a, b]) {
      rig.keyspace.beforeEnd = async () => {
        await b.sessions.update(token, { n: ++n });
        await world.clock.advance(5000);
        looks.push(await codeOf(b.sessions.read(token)));
      };
    }
    await passing(world.clock, a.sessions.destroyAllOf('ann', { except: token }));
    looks.push(await codeOf(b.sessions.read(token)), await codeOf(a.sessions.read(token)));
    expect(new Set(looks)).toEqual(new Set(['ok']));
    expect(n).toBeGreaterThan(0);
    expect((await a.sessions.read(token)).data).toEqual({ n });
  });

  it.each(['before', 'after'])(
    'is there under its new token when it is rotated by the same process right %s them',
    async (order) => {
      const world = newSessionWorld();
      const a = world.process();
      const [kept, other] = [await a.sessions.create(LONG), await a.sessions.create(LONG)];
      await world.clock.advance(1_000);
      const rotate = () => a.sessions.rotate(kept.token);
      const endOthers = () => codeOf(a.sessions.destroyAllOf('ann', { except: kept.token }));
      const first = order === 'before' ? rotate() : endOthers();
      const second = order === 'before' ? endOthers() : rotate();
      const answers = await Promise.all([first, second]);
      const isEnded = answers.includes('ok');
      const rotated = answers.find((answer) => typeof answer === 'object')!;
      expect(await codeOf(a.sessions.read(rotated.token))).toBe('ok');
      // Where the token that names it was worth nothing any more, nobody is ended.
      expect(isEnded).toBe(order === 'after');
      expect(await codeOf(a.sessions.read(other.token))).toBe(isEnded ? 'SESSION_INVALID' : 'ok');
    },
  );

  it('is not refused while Redis is away for a moment, in the process that ends them or another', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(ANN);
    const other = await b.sessions.create(ANN);
    await b.sessions.read(token);
    // Away between the end of the others and whatever comes after it.
    const { dropGroup } = a.keyspace;
    a.keyspace.dropGroup = async (...given) => {
      const receipt = await dropGroup.apply(a.keyspace, given);
      a.keyspace.goAway();
      return receipt;
    };
    await a.sessions.destroyAllOf('ann', { except: token });
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
    expect(await codeOf(b.sessions.read(other.token))).toBe('SESSION_INVALID');
    await world.clock.advance(30);
    a.keyspace.comeBack();
    expect(await codeOf(a.sessions.read(token))).toBe('ok');
  });

  it('stays when they were ended by a process that was cut off', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const [kept, other] = [await a.sessions.create(LONG), await b.sessions.create(LONG)];
    a.keyspace.goAway();
    await a.sessions.destroyAllOf('ann', { except: kept.token });
    await world.clock.advance(2 * HOUR);
    await b.sessions.touch(kept.token);
    a.keyspace.comeBack();
    expect(await codeOf(b.sessions.read(kept.token))).toBe('ok');
    expect(await codeOf(b.sessions.read(other.token))).toBe('SESSION_INVALID');
  });
});

describe('a token that was never given out', () => {
  it('costs one read, and none when it is shown again within a second', async () => {
    const { sessions, keyspace } = newSessionWorld().process();
    const forged = `${'A'.repeat(42)}E`;
    for (let i = 0; i < 20; i++)
      expect(await codeOf(sessions.read(forged))).toBe('SESSION_INVALID');
    expect([keyspace.reads, keyspace.primaryReads]).toEqual([1, 1]);
  });

  it('is asked for again after a second', async () => {
    const { process, clock } = newSessionWorld();
    const { sessions, keyspace } = process();
    const forged = `${'A'.repeat(42)}E`;
    await codeOf(sessions.read(forged));
    await clock.advance(1000);
    await codeOf(sessions.read(forged));
    expect(keyspace.reads).toBe(2);
  });
});

describe('a read', () => {
  it('asks the primary for a session that this process has not seen, and a replica afterwards', async () => {
    const { process, redis } = newSessionWorld();
    const [a, b] = [process(), process()];
    const { token } = await a.sessions.create(ANN);
    redis.holdReplica();
    redis.notOnReplica.add('nothing');
    for (let i = 0; i < 5; i++) await b.sessions.read(token);
    expect([b.keyspace.reads, b.keyspace.primaryReads]).toEqual([5, 1]);
  });
});
