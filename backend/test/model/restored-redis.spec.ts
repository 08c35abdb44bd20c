import { EventBus } from '../../src/redis/base/events/index.js';
import { type SessionOptions, SessionService } from '../../src/redis/sessions/index.js';
import { codeOf, TableArchive } from '../support/session-rig.js';
import { tiered } from './tiered-stage.js';

const ANN = { userId: 'ann', data: { n: 0 } };
/** Longer than what was written last is written again. */
const LATER_MS = 60_000;

type Stage = ReturnType<typeof tiered>;

describe('sessions in a Redis', () => {
  let stage: Stage;

  const start = (i: number, options: SessionOptions = {}) => {
    const footing = stage.footings[i]!;
    const deps = { clock: footing.clock, bus: new EventBus() };
    return { footing, sessions: new SessionService(footing.keyspace, options, deps) };
  };
  const reach = async ({ footing }: ReturnType<typeof start>): Promise<void> => {
    footing.link.reach();
    for (let i = 0; i < 40; i++) await stage.time.advance(100);
  };

  beforeEach(() => {
    stage = tiered();
  });

  it.each([
    ['no archive', (): SessionOptions => ({})],
    ['an archive', (): SessionOptions => ({ archive: new TableArchive() })],
  ])(
    'that was restored from an old snapshot are as they were then, with %s: end them again',
    async (_, options) => {
      const shared = options();
      const [{ sessions }, other] = [start(0, shared), start(1, shared)];
      const { token } = await sessions.create(ANN);
      stage.redis.replicate();
      await sessions.destroy(token);
      await stage.time.advance(LATER_MS);
      // What it did last is written again, and that is not the end any more.
      await sessions.create(ANN);
      stage.redis.failOver();
      for (const { port } of stage.footings) port.tellOfSwitch();
      await stage.time.advance(LATER_MS);
      expect(await codeOf(other.sessions.read(token))).toBe('ok');
      await other.sessions.destroy(token);
      expect(await codeOf(other.sessions.read(token))).toBe('SESSION_INVALID');
    },
  );

  it('that comes back empty are not brought back by a quiet process, which others have ended since', async () => {
    const [here, there] = [start(0), start(1)];
    const { token } = await here.sessions.create(ANN);
    const late = await here.sessions.create(ANN);
    await stage.time.advance(LATER_MS);
    await there.sessions.destroy(token);
    await stage.time.advance(LATER_MS);
    // Nobody remembers the end any more.
    await there.sessions.create(ANN);
    stage.lose!();
    await stage.time.advance(LATER_MS);
    expect(await codeOf(here.sessions.read(token))).toBe('SESSION_INVALID');
    expect(await codeOf(here.sessions.read(late.token))).toBe('SESSION_INVALID');
  });

  it('that comes back empty after a long time away have what was written shortly before', async () => {
    const { sessions, footing } = start(0);
    const { token } = await sessions.create(ANN);
    footing.link.goAway();
    stage.lose!();
    await stage.time.advance(LATER_MS);
    await reach({ footing, sessions });
    expect(await codeOf(sessions.read(token))).toBe('ok');
  });

  it('that was restored come from the archive when the keyspace is deleted', async () => {
    const { sessions } = start(0, { archive: new TableArchive() });
    const [ended, kept] = [await sessions.create(ANN), await sessions.create(ANN)];
    stage.redis.replicate();
    await sessions.destroy(ended.token);
    await stage.time.advance(LATER_MS);
    stage.redis.failOver();
    for (const { port } of stage.footings) port.tellOfSwitch();
    await stage.time.advance(LATER_MS);
    for (const key of stage.redis.keys) stage.redis.evict(key);
    expect(await codeOf(sessions.read(ended.token))).toBe('SESSION_INVALID');
    expect(await codeOf(sessions.read(kept.token))).toBe('ok');
  });

  it('that evicts are gone with their record, and valid from an archive', async () => {
    const [without, withArchive] = [start(0), start(1, { archive: new TableArchive() })];
    const tokens = [await without.sessions.create(ANN), await withArchive.sessions.create(ANN)];
    await stage.time.advance(LATER_MS);
    for (const key of stage.redis.keys) stage.redis.evict(key);
    expect(await codeOf(without.sessions.read(tokens[0]!.token))).toBe('SESSION_INVALID');
    expect(await codeOf(withArchive.sessions.read(tokens[1]!.token))).toBe('ok');
  });

  it('that has lost the end of all are back by what a cut off process begins, and not by a use', async () => {
    const [here, there] = [start(0), start(1)];
    const [used, rotated] = [await here.sessions.create(ANN), await here.sessions.create(ANN)];
    await stage.time.advance(LATER_MS);
    await here.sessions.create({ ...ANN, userId: 'bea' });
    here.footing.link.goAway();
    await here.sessions.touch(used.token);
    const successor = await here.sessions.rotate(rotated.token);
    await stage.time.advance(LATER_MS);
    await there.sessions.destroyAllOf(ANN.userId);
    await stage.time.advance(LATER_MS);
    // What it did last is written again, and that is not the end any more.
    await there.sessions.create({ ...ANN, userId: 'bea' });
    stage.lose!();
    await stage.time.advance(LATER_MS);
    await reach(here);
    // A use waits for as long as others may write again what it is a use of.
    await stage.time.advance(LATER_MS);
    await reach(here);
    expect(await codeOf(here.sessions.read(successor.token))).toBe('ok');
    for (const { token } of [used, rotated]) {
      expect(await codeOf(here.sessions.read(token))).toBe('SESSION_INVALID');
    }
  });

  it('that evicts an end are back by a login that comes late, and not by a use', async () => {
    const [here, there] = [start(0), start(1)];
    const used = await here.sessions.create(ANN);
    await stage.time.advance(LATER_MS);
    here.footing.link.goAway();
    const begun = await here.sessions.create(ANN);
    await here.sessions.touch(used.token);
    await there.sessions.destroy(used.token);
    await there.sessions.destroy(begun.token);
    await stage.time.advance(LATER_MS);
    for (const key of stage.redis.keys) stage.redis.evict(key);
    await reach(here);
    expect(await codeOf(here.sessions.read(begun.token))).toBe('ok');
    expect(await codeOf(here.sessions.read(used.token))).toBe('SESSION_INVALID');
  });
});
