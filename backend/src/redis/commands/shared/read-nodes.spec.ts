import { newRig, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import type { RedisNode } from '../../cluster/connection/index.js';
import type { ReadPolicy } from '../../config/index.js';
import { intentOf } from '../table/command-intent.js';
import { ReadNodes } from './read-nodes.js';

const read = (readPolicy: ReadPolicy | null) => ({ readPolicy, intent: intentOf('get', []) });

describe('ReadNodes', () => {
  let rig: Rig;
  let primary: FakeNode;
  let replicas: [FakeNode, FakeNode];

  beforeEach(async () => {
    primary = await FakeNode.start();
    replicas = [await FakeNode.start(), await FakeNode.start()];
    for (const replica of replicas) replica.follow(primary);
    for (const node of [primary, ...replicas]) node.offset = 100;
    rig = newRig();
  });

  afterEach(async () => {
    rig.close();
    await Promise.all([primary, ...replicas].map((node) => node.stop()));
  });

  const connect = async (): Promise<void> => {
    rig.source.say(primary, 1, replicas);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all nodes are connected',
    );
  };

  const nodes = (maxStalenessMs: number | null = null): ReadNodes => {
    const reads = new ReadNodes(rig.tracker, rig.clock, {
      readPolicy: 'replica-preferred',
      maxStalenessMs,
    });
    reads.refresh();
    return reads;
  };

  const nameOf = (node: RedisNode | null): string => {
    if (node === null) return 'none';
    const { port } = node.address;
    return port === primary.address.port
      ? 'primary'
      : `replica ${String(replicas.findIndex(({ address }) => address.port === port))}`;
  };

  it('picks no node before one is there', () => {
    expect(nodes().pick(read(null))).toBeNull();
    expect(nodes().pick(read('primary'))).toBeNull();
  });

  it('picks a replica, the primary by policy, and another than the one that was asked', async () => {
    await connect();
    const reads = nodes();
    expect(nameOf(reads.pick(read(null)))).toMatch(/^replica/);
    expect(nameOf(reads.pick(read('primary')))).toBe('primary');
    const first = reads.pick(read(null))!;
    const second = reads.pick(read(null), first)!;
    expect(nameOf(second)).toMatch(/^replica/);
    expect(second).not.toBe(first);
    expect(reads.pick(read('primary'), rig.tracker.primary)).toBeNull();
  });

  it('picks the least busy node', async () => {
    await connect();
    replicas[0].freeze();
    const [busy] = rig.tracker.replicas;
    busy!.enqueue({
      isWanted: true,
      weigh: () => 0,
      write: (wire, sink) => {
        wire.send('get', ['k'], 'utf8', sink);
      },
      onReply: () => undefined,
      onError: () => undefined,
      onLost: () => undefined,
    });
    expect(nameOf(nodes().pick(read(null)))).toBe('replica 1');
  });

  it.each([
    ['lost its link to the primary', (node: FakeNode) => (node.link = 'connect')],
    ['is in the middle of a synchronisation', (node: FakeNode) => (node.link = 'sync')],
    ['says that it is a primary', (node: FakeNode) => (node.role = 'master')],
    ['is a Sentinel', (node: FakeNode) => (node.role = 'sentinel')],
    ['follows another node of the group', (node: FakeNode) => node.follow(replicas[1])],
  ])('prefers anybody to one that %s', async (_, spoil) => {
    spoil(replicas[0]);
    await connect();
    const reads = nodes();
    const [spoilt, good] = rig.tracker.replicas;
    expect(reads.pick(read(null))).toBe(good);
    expect(reads.pick(read(null), good)).toBe(rig.tracker.primary);
    expect(spoilt?.state.kind).toBe('ready');
  });

  it('picks a node with older data rather than none while there is no primary', async () => {
    await connect();
    await primary.stop();
    for (const replica of replicas) replica.link = 'connect';
    await rig.pass(1100);
    expect(nameOf(nodes().pick(read(null)))).toMatch(/^replica/);
  });

  it('never picks another node that says it is a primary, whatever the policy', async () => {
    replicas[0].role = 'master';
    await connect();
    const stranger = rig.tracker.replicas[0]!;
    for (const policy of ['primary', 'replica', 'replica-preferred', 'nearest'] as const) {
      expect(nodes().pick(read(policy))).not.toBe(stranger);
    }
  });

  it('keeps the bound on staleness as time passes', async () => {
    await connect();
    await rig.pass(1000);
    const reads = nodes(1500);
    expect(nameOf(reads.pick(read(null)))).toMatch(/^replica/);
    for (const replica of replicas) replica.offset = 50;
    primary.offset = 200;
    await rig.pass(3000);
    expect(nameOf(reads.pick(read(null)))).toBe('primary');
    expect(reads.pick(read('replica'))).toBeNull();
  });

  it('picks a node again as soon as it is not full any more, without being told', async () => {
    await connect();
    const [full] = rig.tracker.replicas;
    const accepts = jest.spyOn(full!, 'acceptsJobs', 'get').mockReturnValue(false);
    const reads = nodes();
    expect(Array.from({ length: 4 }, () => reads.pick(read(null)))).not.toContain(full);
    accepts.mockRestore();
    expect(Array.from({ length: 4 }, () => reads.pick(read(null)))).toContain(full);
  });
});
