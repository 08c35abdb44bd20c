import { codeOf, newSessionWorld } from '../../../../test/support/session-rig.js';

const HOUR = 3_600_000;
const ANN = { userId: 'ann', data: { n: 0 } };

describe('a process that is cut off', () => {
  it('lets in whom others have ended, until it hears of that', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(ANN);
    a.keyspace.goAway();
    await b.sessions.destroy(token);
    expect(await codeOf(a.sessions.read(token))).toBe('ok');
    a.keyspace.comeBack();
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('can rotate what others have ended: the end of all ends that too, another end of the old token does not', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token: old } = await a.sessions.create(ANN);
    a.keyspace.goAway();
    await world.clock.advance(1_000);
    await b.sessions.destroy(old);
    const { token } = await a.sessions.rotate(old);
    a.keyspace.comeBack();
    expect(await codeOf(b.sessions.read(old))).toBe('SESSION_INVALID');
    await b.sessions.destroy(old);
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
    await b.sessions.destroyAllOf('ann');
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('gives a token for one that another cut off process rotates too: both are valid until all are ended', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create(ANN);
    await b.sessions.read(token);
    for (const { keyspace } of [a, b]) keyspace.goAway();
    await world.clock.advance(1_000);
    const given = [await a.sessions.rotate(token), await b.sessions.rotate(token)];
    for (const { keyspace } of [a, b]) keyspace.comeBack();
    for (const one of given) expect(await codeOf(a.sessions.read(one.token))).toBe('ok');
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    await b.sessions.destroyAllOf('ann');
    for (const one of given) {
      expect(await codeOf(a.sessions.read(one.token))).toBe('SESSION_INVALID');
    }
  });

  it('has ended what another one keeps, where both have ended all others without knowing of each other', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const [ofA, ofB] = [await a.sessions.create(ANN), await b.sessions.create(ANN)];
    await world.clock.advance(1_000);
    for (const { keyspace } of [a, b]) keyspace.goAway();
    await a.sessions.destroyAllOf('ann', { except: ofA.token });
    await world.clock.advance(1_000);
    await b.sessions.destroyAllOf('ann', { except: ofB.token });
    for (const { keyspace } of [a, b]) keyspace.comeBack();
    for (const { token } of [ofA, ofB]) {
      expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
    }
  });

  it('is alone in knowing a login that it has journaled: others refuse it until it is handed in', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    a.keyspace.goAway();
    const { token } = await a.sessions.create(ANN);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    a.keyspace.comeBack();
    await world.clock.advance(1_000);
    expect(await codeOf(b.sessions.read(token))).toBe('ok');
  });

  it.each(['rotates', 'has ended all others of'])(
    'ends the session that stays when it %s it while another one does the other',
    async (what) => {
      const world = newSessionWorld();
      const [a, b] = [world.process(), world.process()];
      const { token } = await a.sessions.create(ANN);
      await b.sessions.read(token);
      await world.clock.advance(1_000);
      const [rotating, ending] = what === 'rotates' ? [a, b] : [b, a];
      a.keyspace.goAway();
      await ending.sessions.destroyAllOf('ann', { except: token });
      await world.clock.advance(1_000);
      const rotated = await rotating.sessions.rotate(token);
      a.keyspace.comeBack();
      for (const given of [token, rotated.token]) {
        expect(await codeOf(b.sessions.read(given))).toBe('SESSION_INVALID');
      }
    },
  );

  it('hands in no login that nobody has used for longer than a journal lasts, and each end', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const options = { ...ANN, idleMs: 6 * HOUR };
    const ended = await b.sessions.create(options);
    await a.sessions.read(ended.token);
    a.keyspace.goAway();
    const late = await a.sessions.create(options);
    await a.sessions.destroy(ended.token);
    await world.clock.advance(2 * HOUR);
    const young = await a.sessions.create(options);
    a.keyspace.comeBack();
    expect(await codeOf(b.sessions.read(late.token))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(ended.token))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(young.token))).toBe('ok');
  });

  it('keeps nobody in whom it cannot serve: who meets only such processes was idle meanwhile', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create({ ...ANN, idleMs: HOUR });
    b.keyspace.goAway();
    for (let minutes = 0; minutes < 60; minutes += 10) {
      expect(await codeOf(b.sessions.read(token))).toBe('SESSION_UNAVAILABLE');
      await world.clock.advance(HOUR / 6);
    }
    b.keyspace.comeBack();
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
  });

  it('tells nothing of the use of a session that was changed elsewhere meanwhile: what the change says stays', async () => {
    const world = newSessionWorld();
    const [a, b] = [world.process(), world.process()];
    const { token } = await a.sessions.create({ ...ANN, idleMs: HOUR });
    a.keyspace.goAway();
    await b.sessions.update(token, { n: 1 });
    for (let minutes = 0; minutes < 60; minutes += 10) {
      await world.clock.advance(HOUR / 6);
      await a.sessions.touch(token);
    }
    a.keyspace.comeBack();
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
  });
});
