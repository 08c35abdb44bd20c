import { newRig, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { CommandPayload, TransactionPayload } from './payloads.js';

describe('the weight of a payload', () => {
  const weigh = (...args: unknown[]): number =>
    new CommandPayload('set', args, 'utf8').weigh() - new CommandPayload('set', [], 'utf8').weigh();

  it.each([
    [[], 0],
    [['abc'], 3],
    [[Buffer.alloc(1000)], 1000],
    [[new Uint8Array(10)], 10],
    [[5], 8],
    [[null, undefined], 16],
    [[['a', ['bc']]], 3],
    [[{ field: 'value' }], 10],
  ])('of %j grows by %i bytes', (args, bytes) => {
    expect(weigh(...args)).toBe(bytes);
  });

  it('counts a map by what it holds', () => {
    expect(weigh(new Map([['field', 'value']]))).toBeGreaterThanOrEqual(10);
  });

  it('of an empty command is more than 0, because it occupies memory all the same', () => {
    expect(new CommandPayload('ping', [], 'utf8').weigh()).toBeGreaterThan(0);
  });

  it('of a transaction is at least that of its commands', () => {
    const command = { name: 'set', args: ['k', 'x'.repeat(100)], encoding: 'utf8' as const };
    const alone = new CommandPayload(command.name, command.args, 'utf8').weigh();
    expect(new TransactionPayload([command, command]).weigh()).toBeGreaterThan(2 * alone);
  });
});

describe('the key prefix', () => {
  let rig: Rig;
  let primary: FakeNode;

  beforeEach(async () => {
    primary = await FakeNode.start();
    rig = newRig({ node: { keyPrefix: 'app:' } });
    rig.source.say(primary, 1, []);
    await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
  });

  afterEach(async () => {
    rig.close();
    await primary.stop();
  });

  it.each<[string, unknown[], string[]]>([
    ['json.set', ['k', '$', '1'], ['app:k', '$', '1']],
    ['JSON.MGET', [['a', 'b'], '$'], ['app:a', 'app:b', '$']],
    ['bf.add', [Buffer.from('k'), 'x'], ['app:k', 'x']],
    ['ft.search', ['index', 'words'], ['index', 'words']],
    ['set', ['k', 'v'], ['app:k', 'v']],
    ['spublish', ['channel', 'message'], ['channel', 'message']],
    ['no.such', ['k'], ['k']],
  ])('in %s %j stands before keys only', async (name, args, sent) => {
    await rig.runner.run(name, args, 'utf8', { readPolicy: 'primary' });
    expect(primary.received).toEqual([[name, ...sent]]);
  });

  it('stands before the keys of modules in a transaction too, and once when it is sent twice', async () => {
    const command = { name: 'json.set', args: ['k', '$', '1'], encoding: 'utf8' } as const;
    await rig.runner.runTransaction([command], null).catch(() => null);
    await rig.runner.runTransaction([command], null).catch(() => null);
    expect(primary.received.filter(([name]) => name === 'json.set')).toEqual([
      ['json.set', 'app:k', '$', '1'],
      ['json.set', 'app:k', '$', '1'],
    ]);
  });
});
