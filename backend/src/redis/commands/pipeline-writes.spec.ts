import { newRig, type Rig } from '../../../test/support/engine-rig.js';
import { FakeNode } from '../../../test/support/fake-node.js';
import { reply } from '../testing/index.js';

describe('a pipeline that writes', () => {
  let rig: Rig;
  let primary: FakeNode;
  let stored: string;
  let refusals: number;

  const command = (name: string, ...args: unknown[]) => ({
    name,
    args,
    encoding: 'utf8' as const,
  });

  beforeEach(async () => {
    primary = await FakeNode.start();
    rig = newRig();
    rig.source.say(primary, 1, []);
    await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
    stored = 'old';
    refusals = 1;
    primary.answer = ([name, , value = '']) => {
      if (name === 'get') return reply.bulk(stored);
      if (refusals-- > 0) return reply.error('NOREPLICAS Not enough good replicas to write.');
      stored = value;
      return reply.simple('OK');
    };
  });

  afterEach(async () => {
    rig.close();
    await primary.stop();
  });

  const finished = async <T>(work: Promise<T>): Promise<T> => {
    await rig.pass(200);
    return work;
  };

  it('sees what it wrote, also when the write was refused at first', async () => {
    const commands = [command('get', 'k'), command('set', 'k', 'new'), command('get', 'k')];
    await expect(finished(rig.runner.runPipeline(commands, null))).resolves.toEqual([
      [null, 'old'],
      [null, 'OK'],
      [null, 'new'],
    ]);
    expect(primary.names.filter((name) => name === 'get')).toHaveLength(3);
    // As many as it has, whatever was sent for them.
    const { outcomes, durations } = rig.router.recorder.stats.kinds.write;
    expect(outcomes).toMatchObject({ ok: 3, rejected: 0 });
    expect(durations.count).toBe(3);
  });

  it('does not ask again when nothing was refused', async () => {
    refusals = 0;
    const commands = [
      command('set', 'k', 'new'),
      command('get', 'k'),
      command('set', 'k', 'newer'),
    ];
    await expect(rig.runner.runPipeline(commands, null)).resolves.toEqual([
      [null, 'OK'],
      [null, 'new'],
      [null, 'OK'],
    ]);
    expect(primary.names).toEqual(['set', 'get', 'set']);
  });

  it('keeps the answer of a read when the write before it was never executed', async () => {
    refusals = Infinity;
    const commands = [command('set', 'k', 'new'), command('get', 'k')];
    const results = await finished(rig.runner.runPipeline(commands, { timeoutMs: 100 }));
    expect(results[0]?.[0]).toMatchObject({ code: 'NO_PRIMARY' });
    expect(results[1]).toEqual([null, 'old']);
    expect(primary.names.filter((name) => name === 'get')).toHaveLength(1);
  });

  it('refuses what cannot be stored for that command alone', async () => {
    refusals = 0;
    const commands = [command('set', 'k', {}), command('set', 'k', new Uint8Array([120]))];
    const results = await rig.runner.runPipeline(commands, null);
    expect(results[0]?.[0]).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(results[1]).toEqual([null, 'OK']);
    expect(stored).toBe('x');
  });
});
