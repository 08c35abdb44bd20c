import { codeOf, newSessionWorld } from '../../../../test/support/session-rig.js';

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
});
