import { newRig, track, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { reply } from '../../testing/index.js';
import type { CallOptions } from '../table/call-options.js';
import type { QueuedCommand } from '../table/payloads.js';

describe('a command that this version does not know, and of which the caller says what it does', () => {
  let rig: Rig;
  let primary: FakeNode;
  let replica: FakeNode;

  beforeEach(async () => {
    primary = await FakeNode.start();
    replica = await FakeNode.start();
    replica.follow(primary);
    rig = newRig();
    rig.source.say(primary, 1, [replica]);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all nodes are connected',
    );
  });

  afterEach(async () => {
    rig.close();
    await Promise.all([primary.stop(), replica.stop()]);
  });

  const run = (
    name: string,
    args: readonly unknown[],
    options: CallOptions | null,
  ): Promise<unknown> => rig.runner.run(name, args, 'utf8', options);
  const command = (name: string, ...args: unknown[]): QueuedCommand => ({
    name,
    args,
    encoding: 'utf8',
  });

  it('goes to a replica when it reads', async () => {
    await run('my.get', ['k'], { as: 'read' });
    expect([primary.names, replica.names]).toEqual([[], ['my.get']]);
  });

  it('goes to the primary when it writes, and when nothing is said', async () => {
    await run('my.set', ['k'], { as: 'write' });
    await run('my.set', ['k'], null);
    expect([primary.names, replica.names]).toEqual([['my.set', 'my.set'], []]);
  });

  it('obeys the read policy when it reads', async () => {
    await run('my.get', ['k'], { as: 'read', readPolicy: 'primary' });
    expect(primary.names).toEqual(['my.get']);
  });

  it('may be a script that reads, without EVAL_RO', async () => {
    await run('eval', ['return 1', 0], { as: 'read' });
    expect(replica.names).toEqual(['eval']);
  });

  it('has the deadline of slow reads when it reads', async () => {
    replica.answer = () => new Promise(() => undefined);
    const read = track(run('my.get', ['k'], { as: 'read' }));
    await rig.pass(1_950);
    expect(read.state).toBe('pending');
    await rig.pass(100);
    expect(read.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
  });

  it('is asked again when the answer to its read is lost, and is never uncertain', async () => {
    let asked = 0;
    replica.answer = (_command, connection) => {
      if (++asked > 1) return reply.simple('again');
      connection.reset();
      return undefined;
    };
    await expect(run('my.get', ['k'], { as: 'read' })).resolves.toBeDefined();
    expect([...primary.names, ...replica.names]).toEqual(['my.get', 'my.get']);
  });

  it('is uncertain when the answer to its write is lost, unless it may be repeated', async () => {
    let asked = 0;
    primary.answer = (_command, connection) => {
      if (++asked !== 1 && asked !== 2) return reply.simple('done');
      connection.reset();
      return undefined;
    };
    await expect(run('my.set', ['k'], { as: 'write' })).rejects.toMatchObject({
      code: 'COMMAND_UNCERTAIN',
    });
    const repeated = track(run('my.set', ['k'], { as: 'write', idempotent: true }));
    await rig.pass(200);
    expect(repeated).toMatchObject({ state: 'resolved', value: 'done' });
  });

  it('is rejected, and not tried until its deadline, when it writes after all', async () => {
    replica.answer = () => reply.error("READONLY You can't write against a read only replica.");
    const failed = run('my.set', ['k'], { as: 'read' });
    await expect(failed).rejects.toMatchObject({
      code: 'COMMAND_REJECTED',
      details: { command: 'my.set', reply: 'READONLY' },
    });
    await expect(failed).rejects.toThrow("declare it with { as: 'write' }");
    expect(rig.source.lookedAgain).toBe(0);
  });

  it.each<[string, unknown[], 'read' | 'write']>([
    ['set', ['k', 'v'], 'read'],
    ['get', ['k'], 'write'],
    ['publish', ['channel', 'text'], 'read'],
    ['json.set', ['k', '$', '1'], 'read'],
    ['xgroup', ['CREATE', 's', 'g', '$'], 'read'],
  ])('is refused where it is known and does something else: %s %j', async (name, args, as) => {
    await expect(run(name, args, { as })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { problem: { field: 'as', value: as } },
    });
    expect([...primary.names, ...replica.names]).toEqual([]);
  });

  it('may be declared as what it is known to be', async () => {
    await run('get', ['k'], { as: 'read' });
    await run('set', ['k', 'v'], { as: 'write' });
    expect([primary.names, replica.names]).toEqual([['set'], ['get']]);
  });

  it('follows the read policy in a pipeline that only reads', async () => {
    await rig.runner.runPipeline([command('my.get', 'a'), command('get', 'b')], { as: 'read' });
    expect([primary.names, replica.names]).toEqual([[], ['my.get', 'get']]);
  });

  it('has its own error in a pipeline where it is known to do something else', async () => {
    const [first, second] = await rig.runner.runPipeline(
      [command('my.get', 'a'), command('set', 'b', 'v')],
      { as: 'read' },
    );
    expect([first?.[0], (second?.[0] as { code?: string } | null)?.code]).toEqual([
      null,
      'INVALID_ARGUMENT',
    ]);
  });

  it('makes a transaction of reads repeatable', async () => {
    let asked = 0;
    primary.answer = ([name], connection) => {
      if (name !== 'exec' || ++asked > 1) return reply.array(reply.simple('value'));
      connection.reset();
      return undefined;
    };
    const transaction = track(rig.runner.runTransaction([command('my.get', 'a')], { as: 'read' }));
    await rig.pass(200);
    expect([transaction.state, asked]).toEqual(['resolved', 2]);
  });
});
