import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { newSessionWorld, TableArchive } from '../../../../test/support/session-rig.js';
import type { SessionOperation } from '../../base/operations/index.js';

const ANN = { userId: 'ann', data: { n: 0 } };
const CHANNEL = 'tracing:nestjs-redis-ha:session';

describe('what is told of calls of sessions', () => {
  let told: [name: string, outcome: string | null][];

  const onEnd = (message: unknown): void => {
    const { name, outcome } = message as SessionOperation;
    told.push([name, outcome]);
  };
  const onStart = (): void => undefined;

  beforeEach(() => {
    told = [];
    subscribe(`${CHANNEL}:start`, onStart);
    subscribe(`${CHANNEL}:asyncEnd`, onEnd);
  });

  afterEach(() => {
    unsubscribe(`${CHANNEL}:start`, onStart);
    unsubscribe(`${CHANNEL}:asyncEnd`, onEnd);
  });

  it('says that a session was read from memory because Redis is away', async () => {
    const { sessions, keyspace } = newSessionWorld().process();
    const { token } = await sessions.create(ANN);
    await sessions.read(token);
    keyspace.goAway();
    await sessions.read(token);
    await sessions.update(token, { n: 1 });
    keyspace.comeBack();
    await sessions.read(token);
    expect(told.slice(1)).toEqual([
      ['read', 'ok'],
      ['read', 'stale'],
      ['update', 'ok'],
      ['read', 'ok'],
    ]);
  });

  it('says that a session is from the archive, and that the archive was asked before', async () => {
    const world = newSessionWorld();
    const archive = new TableArchive();
    const [a, b] = [world.process({ archive }), world.process({ archive })];
    const { token } = await a.sessions.create(ANN);
    b.keyspace.goAway();
    await b.sessions.read(token);
    await b.sessions.read(token);
    expect(told.slice(1)).toEqual([
      ['read', 'loaded'],
      ['read', 'stale'],
    ]);
  });
});
