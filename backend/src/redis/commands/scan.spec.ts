import { newRig, track, type Rig } from '../../../test/support/engine-rig.js';
import { FakeNode } from '../../../test/support/fake-node.js';
import { reply } from '../testing/index.js';
import { scan, type ScanOptions, type ScanSource } from './scan.js';
import { newScript } from './table/script.js';

let rig: Rig;
let primary: FakeNode;
let other: FakeNode;

beforeEach(async () => {
  primary = await FakeNode.start({ runId: 'run-a' });
  other = await FakeNode.start({ runId: 'run-b' });
  rig = newRig();
  rig.source.say(primary, 1, []);
  await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
});

afterEach(async () => {
  rig.close();
  await Promise.all([primary.stop(), other.stop()]);
});

describe('scan', () => {
  const scanned = async (
    options: ScanOptions = {},
    source: ScanSource = { command: 'scan' },
    between: (page: number) => Promise<void> = async () => undefined,
  ): Promise<string[][]> => {
    const pages: string[][] = [];
    for await (const page of scan(source, options, 'utf8', rig)) {
      pages.push(page);
      await between(pages.length);
    }
    return pages;
  };

  /** Makes the node reply with the page of each cursor. */
  const serve = (node: FakeNode, pages: Record<string, [string, string[]]>): void => {
    node.answer = (command) => {
      const cursor = command[0] === 'scan' ? command[1] : command[2];
      const [next, keys] = pages[cursor ?? ''] ?? ['0', []];
      return reply.array(next, reply.array(...keys));
    };
  };

  it('continues until the cursor is back at 0, and yields no empty page', async () => {
    serve(primary, { 0: ['7', ['a', 'b']], 7: ['9', []], 9: ['0', ['c']] });
    await expect(scanned()).resolves.toEqual([['a', 'b'], ['c']]);
  });

  it('passes on its options', async () => {
    serve(primary, { 0: ['0', []] });
    await scanned({ match: 'user:*', count: 5, type: 'hash' });
    expect(primary.received).toEqual([
      ['scan', '0', 'COUNT', '5', 'MATCH', 'user:*', 'TYPE', 'hash'],
    ]);
  });

  it('gives items as Buffers', async () => {
    serve(primary, { 0: ['4', ['a']], 4: ['0', ['b']] });
    const pages: Buffer[][] = [];
    for await (const page of scan({ command: 'scan' }, {}, null, rig)) pages.push(page);
    expect(pages).toEqual([[Buffer.from('a')], [Buffer.from('b')]]);
  });

  it('ends when its signal fires', async () => {
    const caller = new AbortController();
    serve(primary, { 0: ['7', ['a']], 7: ['0', ['never']] });
    const scanning = scanned({ signal: caller.signal }, { command: 'scan' }, async () => {
      caller.abort();
    });
    await expect(scanning).rejects.toMatchObject({ code: 'COMMAND_ABORTED' });
  });

  it('has the deadline of the call for each step', async () => {
    primary.answer = () => new Promise<never>(() => undefined);
    const scanning = track(scanned({ timeoutMs: 40 }));
    await rig.pass(60);
    expect(scanning.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
  });

  it('has its deadline for each step, however long all of them take', async () => {
    serve(primary, { 0: ['7', ['a']], 7: ['9', ['b']], 9: ['0', ['c']] });
    await expect(scanned({}, { command: 'scan' }, () => rig.pass(1_500))).resolves.toHaveLength(3);
  });

  it('goes through the members of one key', async () => {
    serve(primary, { 0: ['3', ['f', 'v']], 3: ['0', ['g', 'w']] });
    await expect(scanned({}, { command: 'hscan', key: 'h' })).resolves.toEqual([
      ['f', 'v'],
      ['g', 'w'],
    ]);
    expect(primary.received[1]?.slice(0, 3)).toEqual(['hscan', 'h', '3']);
  });

  it('starts again on another process, where the cursor is not valid', async () => {
    serve(primary, { 0: ['7', ['a']], 7: ['0', ['never']] });
    serve(other, { 0: ['5', ['a', 'b']], 5: ['0', ['c']], 7: ['0', ['wrong']] });
    const pages = await scanned({}, { command: 'scan' }, async (page) => {
      if (page !== 1) return;
      rig.source.say(other, 2, []);
      await rig.until(() => rig.tracker.isWritable, 'the other is the primary');
    });
    expect(pages).toEqual([['a'], ['a', 'b'], ['c']]);
  });

  it('starts again on another process where INFO is not permitted', async () => {
    for (const node of [primary, other]) {
      node.override = ([name]) =>
        name?.toUpperCase() === 'INFO'
          ? reply.error('NOPERM no permissions to run the info command')
          : undefined;
    }
    rig.close();
    rig = newRig();
    rig.source.say(primary, 1, []);
    await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
    serve(primary, { 0: ['7', ['a']], 7: ['0', ['never']] });
    serve(other, { 0: ['5', ['a', 'b']], 5: ['0', ['c']], 7: ['0', ['wrong']] });
    const pages = await scanned({}, { command: 'scan' }, async (page) => {
      if (page !== 1) return;
      rig.source.say(other, 2, []);
      await rig.until(() => rig.tracker.isWritable, 'the other is the primary');
    });
    expect(pages).toEqual([['a'], ['a', 'b'], ['c']]);
  });

  it('starts again when the same node was restarted', async () => {
    serve(primary, { 0: ['7', ['a']], 7: ['0', ['b']] });
    const pages = await scanned({}, { command: 'scan' }, async (page) => {
      if (page !== 1) return;
      primary.runId = 'run-a2';
      primary.server.resetConnections();
      await rig.until(() => !rig.tracker.isWritable, 'it is away');
      await rig.until(() => rig.tracker.isWritable, 'it is back');
    });
    expect(pages).toEqual([['a'], ['a'], ['b']]);
  });

  it('continues where it was when only the connection was lost', async () => {
    serve(primary, { 0: ['7', ['a']], 7: ['0', ['b']] });
    const pages = await scanned({}, { command: 'scan' }, async (page) => {
      if (page !== 1) return;
      primary.server.resetConnections();
      await rig.until(() => !rig.tracker.isWritable, 'it is away');
      await rig.until(() => rig.tracker.isWritable, 'it is back');
    });
    expect(pages).toEqual([['a'], ['b']]);
  });

  it('fails with the error of the command', async () => {
    primary.answer = () => reply.error('WRONGTYPE no hash');
    await expect(scanned({}, { command: 'hscan', key: 'k' })).rejects.toMatchObject({
      code: 'COMMAND_REJECTED',
    });
  });

  it('stops asking when its consumer stops', async () => {
    serve(primary, { 0: ['7', ['a']], 7: ['0', ['b']] });
    for await (const page of scan({ command: 'scan' }, {}, 'utf8', rig)) {
      expect(page).toEqual(['a']);
      break;
    }
    expect(primary.received).toHaveLength(1);
  });
});

describe('a script', () => {
  const LUA = 'return redis.call("GET", KEYS[1])';
  const DIGEST = 'd1ad8397c172dc0a63e271f0c4c4250ca8d5d1fb';
  const script = <T = unknown>(definition: Parameters<typeof newScript>[0]) =>
    newScript<T>(definition, (name, args, options) => rig.runner.run(name, args, 'utf8', options));

  it('is sent by its digest', async () => {
    primary.answer = () => reply.bulk('value');
    await expect(script({ lua: LUA })(['k'], ['a', 1])).resolves.toBe('value');
    expect(primary.received).toEqual([['evalsha', DIGEST, '1', 'k', 'a', '1']]);
  });

  it('is sent in full where it is not known, once', async () => {
    primary.answer = ([name]) =>
      name === 'evalsha' ? reply.error('NOSCRIPT No matching script.') : reply.bulk('value');
    await expect(script({ lua: LUA })(['k'])).resolves.toBe('value');
    expect(primary.received).toEqual([
      ['evalsha', DIGEST, '1', 'k'],
      ['eval', LUA, '1', 'k'],
    ]);
    expect(rig.router.recorder.stats.kinds.write).toMatchObject({
      outcomes: { ok: 1, rejected: 0 },
      durations: { count: 1 },
    });
  });

  it('is counted as rejected where somebody sends a digest that is not known', async () => {
    primary.answer = () => reply.error('NOSCRIPT No matching script.');
    const sent = rig.runner.run('evalsha', [DIGEST, 0], 'utf8', null);
    await expect(sent).rejects.toMatchObject({ code: 'COMMAND_REJECTED' });
    expect(rig.router.recorder.stats.kinds.write.outcomes).toMatchObject({ ok: 0, rejected: 1 });
  });

  it('that only reads uses the commands that replicas take', async () => {
    primary.answer = ([name]) =>
      name === 'evalsha_ro' ? reply.error('NOSCRIPT No matching script.') : reply.bulk('value');
    await script({ lua: LUA, readOnly: true })(['k']);
    expect(primary.names).toEqual(['evalsha_ro', 'eval_ro']);
  });

  it('passes on its own errors', async () => {
    primary.answer = () => reply.error('ERR user_script:1: oops script: abc');
    await expect(script({ lua: LUA })(['k'])).rejects.toMatchObject({ code: 'COMMAND_REJECTED' });
    expect(primary.names).toEqual(['evalsha']);
  });

  it.each([
    [undefined, ['evalsha'], 'COMMAND_UNCERTAIN'],
    [true, ['evalsha', 'evalsha'], 'resolved'],
  ])('whose answer is lost, with idempotent %j, is sent as %j', async (idempotent, sent, state) => {
    primary.answer = (_, connection) => {
      primary.answer = () => undefined;
      connection.reset();
      return reply.silence();
    };
    const definition = { lua: LUA, ...(idempotent === undefined ? {} : { idempotent }) };
    const outcome = script(definition)(['k']).then(
      () => 'resolved',
      (error: unknown) => (error as { code: string }).code,
    );
    await rig.until(() => primary.names.length > 0, 'it arrives');
    await rig.pass(100);
    await expect(outcome).resolves.toBe(state);
    expect(primary.names).toEqual(sent);
  });

  it.each([['', '   ', 7]].flat())('is refused when its text is %j', (lua) => {
    expect(() => script({ lua: lua as string })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
