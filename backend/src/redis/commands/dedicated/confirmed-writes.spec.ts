import { newRig, track, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { reply, type FakeAnswer } from '../../testing/index.js';
import type { CallOptions } from '../table/call-options.js';

describe('a write that replicas are to confirm', () => {
  let rig: Rig;
  let primary: FakeNode;
  /** What `WAIT` answers. */
  let waitAnswer: (
    words: readonly string[],
    connection: { reset(): void },
  ) => FakeAnswer | Promise<FakeAnswer>;

  beforeEach(async () => {
    primary = await FakeNode.start();
    waitAnswer = ([, wanted]) => reply.int(Number(wanted));
    primary.answer = (words, connection) =>
      words[0] === 'wait' ? waitAnswer(words, connection) : undefined;
    rig = newRig();
    rig.source.say(primary, 1, []);
    await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
  });

  afterEach(async () => {
    rig.close();
    await primary.stop();
  });

  const run = (
    name: string,
    args: readonly unknown[],
    options: CallOptions = { replicas: 1, timeoutMs: 100 },
  ): Promise<unknown> => rig.runner.run(name, args, 'utf8', options);

  it('resolves with the answer of the command when enough of them did', async () => {
    primary.answer = ([name]) => (name === 'incr' ? reply.int(7) : reply.int(2));
    await expect(run('incr', ['n'], { replicas: 2, timeoutMs: 100 })).resolves.toBe(7);
    expect(primary.received[1]).toEqual(['wait', '2', '50']);
  });

  it.each([
    [8000, '7200'],
    [400, '350'],
    [100, '50'],
  ])('leaves time for the number to arrive: of %i ms Redis waits %s', async (timeoutMs, waited) => {
    await run('set', ['k', 'v'], { replicas: 1, timeoutMs });
    expect(primary.received[1]?.[2]).toBe(waited);
  });

  it('waits on the connection of its write, which nobody else uses', async () => {
    const carriers: unknown[] = [];
    primary.answer = ([name], connection) => {
      if (name === 'set' || name === 'wait') carriers.push(connection);
      return name === 'wait' ? reply.int(1) : undefined;
    };
    await run('set', ['k', 'v']);
    await rig.runner.run('set', ['other', 'v'], 'utf8', null);
    expect(carriers).toHaveLength(3);
    expect(carriers[0]).toBe(carriers[1]);
    expect(carriers[2]).not.toBe(carriers[0]);
  });

  it('gives its connection back', async () => {
    for (let i = 0; i < 5; i++) await run('set', ['k', 'v']);
    expect(rig.loans.lent).toBe(0);
  });

  it('is reported with the numbers when fewer confirmed it; the write stands', async () => {
    waitAnswer = () => reply.int(1);
    await expect(run('set', ['k', 'v'], { replicas: 2, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
      retryable: false,
      details: { command: 'set', replicas: 2, acknowledged: 1, timeoutMs: 100 },
    });
    expect(primary.names).toEqual(['set', 'wait']);
    expect(rig.loans.lent).toBe(0);
  });

  it('is reported without a number when Redis does not say by the deadline', async () => {
    waitAnswer = () => new Promise<never>(() => undefined);
    const write = track(run('set', ['k', 'v']));
    await rig.until(() => primary.names.includes('wait'), 'it waits');
    await rig.pass(110);
    expect(write.error).toMatchObject({
      code: 'NOT_REPLICATED',
      details: { acknowledged: null, reason: 'the primary did not say in time' },
    });
    expect(rig.loans.lent).toBe(0);
  });

  it('is reported without a number when the connection is lost after the write', async () => {
    waitAnswer = (_words, connection) => {
      connection.reset();
      return undefined;
    };
    await expect(run('set', ['k', 'v'])).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
      details: { acknowledged: null, reason: 'the connection was lost' },
    });
  });

  it('says so when Redis refuses WAIT', async () => {
    waitAnswer = () => reply.error("NOPERM User x has no permissions to run the 'wait' command");
    await expect(run('set', ['k', 'v'])).rejects.toMatchObject({
      code: 'NOT_REPLICATED',
      details: { reason: 'Redis refused WAIT (NOPERM)' },
    });
  });

  it('is rejected like any other when Redis rejects the write, and nothing is waited for', async () => {
    primary.answer = () => reply.error('WRONGTYPE Operation against a key');
    await expect(run('incr', ['k'])).rejects.toMatchObject({ code: 'COMMAND_REJECTED' });
    expect(primary.names).toEqual(['incr']);
    expect(rig.loans.lent).toBe(0);
  });

  it('is uncertain when its own answer is lost and it may not be repeated', async () => {
    primary.answer = (_words, connection) => {
      connection.reset();
      return undefined;
    };
    await expect(run('incr', ['k'])).rejects.toMatchObject({ code: 'COMMAND_UNCERTAIN' });
    expect(rig.events.map(({ type }) => type)).toContain('command.uncertain');
  });

  it('is repeated on another connection when its answer is lost and that is harmless', async () => {
    let asked = 0;
    primary.answer = ([name], connection) => {
      if (name === 'wait') return reply.int(1);
      if (++asked === 1) connection.reset();
      return undefined;
    };
    const write = track(run('set', ['k', 'v'], { replicas: 1, timeoutMs: 1000 }));
    await rig.pass(100);
    await rig.until(() => write.state !== 'pending', 'it is over');
    expect([write.value, primary.names]).toEqual(['OK', ['set', 'set', 'wait']]);
  });

  it('may be a transaction as a whole', async () => {
    primary.answer = ([name]) => {
      if (name === 'wait') return reply.int(1);
      return name === 'exec' ? reply.array(reply.simple('OK')) : undefined;
    };
    const queued = [{ name: 'set', args: ['k', 'v'], encoding: 'utf8' as const }];
    await expect(
      rig.runner.runTransaction(queued, { replicas: 1, timeoutMs: 100 }),
    ).resolves.toEqual([[null, 'OK']]);
    expect(primary.names).toEqual(['multi', 'set', 'exec', 'wait']);
  });

  it.each<[string, unknown[]]>([
    ['get', ['k']],
    ['ping', []],
    ['blpop', ['list', 0]],
  ])('is refused when there is nothing to confirm: %s', async (name, args) => {
    await expect(run(name, args)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { problem: { field: 'replicas', value: name } },
    });
    expect(primary.names).toEqual([]);
  });

  it('ends when its signal fires: the write stands', async () => {
    waitAnswer = () => new Promise<never>(() => undefined);
    const caller = new AbortController();
    const write = track(run('set', ['k', 'v'], { replicas: 1, signal: caller.signal }));
    await rig.until(() => primary.names.includes('wait'), 'it waits');
    caller.abort();
    await rig.until(() => write.state !== 'pending', 'it is over');
    expect(write.error).toMatchObject({
      code: 'NOT_REPLICATED',
      details: { reason: 'the caller aborted it' },
    });
  });
});
