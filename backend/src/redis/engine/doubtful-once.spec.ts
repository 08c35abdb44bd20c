import { sentinelOptions, until } from '../../../test/support/engine-rig.js';
import { FakeNode } from '../../../test/support/fake-node.js';
import { FakeSentinelNode } from '../../../test/support/fake-sentinel-node.js';
import type { Problem } from '../base/errors/index.js';
import { ManualClock, reply } from '../testing/index.js';
import { RedisEngine } from './redis-engine.js';

describe('a doubtful setting', () => {
  const clock = new ManualClock();
  let node: FakeNode;
  let sentinels: FakeSentinelNode[];
  let engine: RedisEngine;

  afterEach(async () => {
    const closing = engine.close();
    await clock.advance(0);
    await closing;
    await Promise.all([node, ...sentinels].map((server) => server.stop()));
  });

  it('is told once, although nodes and Sentinels refuse the name of each connection', async () => {
    node = await FakeNode.start();
    const story = { primary: node.address, epoch: 1 };
    sentinels = await Promise.all(
      ['s1', 's2', 's3'].map((id) => FakeSentinelNode.start(id, story)),
    );
    const refused: string[] = [];
    const refuseName =
      (who: string) =>
      ([name, word]: readonly string[]) => {
        if (name?.toLowerCase() !== 'client' || word?.toLowerCase() !== 'setname') return undefined;
        refused.push(who);
        return reply.error(`NOPERM User ${who} has no permissions to run 'client|setname'`);
      };
    node.override = refuseName('app');
    for (const sentinel of sentinels) sentinel.override = refuseName('watcher');
    const nodes = sentinels.map(({ address }) => address);
    engine = new RedisEngine(sentinelOptions({ sentinel: { nodes } }), clock);
    const problems: Problem[] = [];
    engine.bus.on('settings.doubtful', ({ problem }) => problems.push(problem));
    engine.start();
    await until(clock, () => engine.connected.tracker.isWritable, 'the primary takes writes');
    await until(clock, () => new Set(refused).size === 2, 'both sorts of servers have refused');

    expect(problems.filter(({ field }) => field === 'node.clientName')).toHaveLength(1);
  });
});
