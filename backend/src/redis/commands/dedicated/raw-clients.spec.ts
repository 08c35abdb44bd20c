import { newRig, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { reply, waitUntil } from '../../testing/index.js';
import { RawClients } from './raw-clients.js';

describe('RawClients', () => {
  let rig: Rig;
  let nodes: [FakeNode, FakeNode];
  let clients: RawClients;

  beforeEach(async () => {
    nodes = [await FakeNode.start(), await FakeNode.start()];
    nodes[1].follow(nodes[0]);
    for (const node of nodes) {
      node.override = ([name], connection) =>
        // The driver's own check asks INFO without a section.
        name?.toLowerCase() === 'info' && connection.commands.at(-1)?.length === 1
          ? reply.bulk(`role:${node.role}\r\nloading:0\r\n`)
          : undefined;
    }
    rig = newRig();
    clients = new RawClients(rig.options, rig.tracker, rig.clock, rig.bus);
  });

  afterEach(async () => {
    await clients.close(1000);
    rig.close();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const connect = async (): Promise<void> => {
    rig.source.say(nodes[0], 1, [nodes[1]]);
    await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
  };
  const failOver = async (): Promise<void> => {
    nodes[1].role = 'master';
    rig.source.say(nodes[1], 2, []);
    await rig.until(() => rig.tracker.isWritable, 'the new primary is connected');
  };

  it('wait for the primary and follow it', async () => {
    const client = clients.create();
    const first = client.set('k', 'v');
    await connect();
    await first;
    expect(nodes[0].names).toContain('set');
    await failOver();
    await client.set('k', 'v2');
    expect(nodes[1].names).toContain('set');
  });

  it('are kept from the old primary while a failover is under way', async () => {
    const client = clients.create();
    await connect();
    await client.set('k', 'v');
    const before = nodes[0].names.length;
    rig.source.publish({ kind: 'member', step: '+selected-slave', node: nodes[1].address });
    const held = client.set('k', 'v2');
    await rig.pass(100);
    expect(nodes[0].names).toHaveLength(before);
    await failOver();
    await held;
    expect(nodes[1].names).toContain('set');
  });

  it('are counted while they are open', async () => {
    await connect();
    const client = clients.create();
    await client.set('k', 'v');
    expect(clients.size).toBe(1);
    client.disconnect();
    await waitUntil(() => clients.size === 0, { what: 'it is not counted', everyMs: 1 });
  });

  it('end with the application when they were made by duplicate(), too', async () => {
    await connect();
    const client = clients.create();
    const copy = client.duplicate().duplicate({ connectionName: 'copy' });
    await copy.set('k', 'v');
    expect(clients.size).toBe(3);
    void clients.close(1000);
    await waitUntil(() => copy.status === 'end', { what: 'it has ended', everyMs: 1 });
    expect(() => client.duplicate()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await rig.until(() => clients.size === 0, 'none is counted');
  });

  it('report their errors as events instead of printing them', async () => {
    await connect();
    const client = clients.create();
    await client.set('k', 'v');
    client.emit('error', new TypeError('something broke'));
    expect(rig.events).toContainEqual({
      type: 'connection.lost',
      node: nodes[0].address,
      reason: 'raw client: something broke',
    });
  });

  it('end with the application, and none is made afterwards', async () => {
    await connect();
    const client = clients.create();
    await client.set('k', 'v');
    const away = clients.create({ lazyConnect: true });
    await Promise.all([clients.close(1000), clients.close(1000)]);
    expect([client.status, away.status]).toEqual(['end', 'end']);
    expect(clients.size).toBe(0);
    expect(() => clients.create()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });

  it('are cut when what is in flight is not answered before the application has closed', async () => {
    await connect();
    const client = clients.create();
    await client.set('k', 'v');
    nodes[0].freeze();
    const held = client.set('k', 'v2').catch((error: unknown) => error);
    const closing = clients.close(500);
    await rig.pass(500);
    await closing;
    expect(await held).toBeInstanceOf(Error);
    expect(client.status).toBe('end');
  });

  it('end while they wait for their next attempt, and so does what waits in them', async () => {
    await connect();
    const client = clients.create({ retryStrategy: () => 10 });
    await client.set('k', 'v');
    nodes[0].server.resetConnections();
    await waitUntil(() => client.status === 'reconnecting', { what: 'it waits', everyMs: 1 });
    const held = client.set('k', 'v2').catch((error: unknown) => error);
    await clients.close(500);
    expect(await held).toBeInstanceOf(Error);
    expect(client.status).toBe('end');
  });
});

describe('RawClients that only read', () => {
  let rig: Rig;
  let primary: FakeNode;
  let replicas: [FakeNode, FakeNode];
  let clients: RawClients;

  beforeEach(async () => {
    primary = await FakeNode.start();
    replicas = [await FakeNode.start(), await FakeNode.start()];
    for (const node of replicas) node.follow(primary);
    for (const node of [primary, ...replicas]) {
      node.override = ([name], connection) =>
        name?.toLowerCase() === 'info' && connection.commands.at(-1)?.length === 1
          ? reply.bulk(`role:${node.role}\r\nloading:0\r\n`)
          : undefined;
    }
    rig = newRig();
    clients = new RawClients(rig.options, rig.tracker, rig.clock, rig.bus);
  });

  afterEach(async () => {
    await clients.close(1000);
    rig.close();
    await Promise.all([primary, ...replicas].map((node) => node.stop()));
  });

  const connect = async (listed: readonly FakeNode[]): Promise<void> => {
    rig.source.say(primary, 1, listed);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all are connected',
    );
  };
  const reads = (node: FakeNode): number => node.names.filter((name) => name === 'get').length;

  it('are connected to a replica', async () => {
    await connect(replicas);
    const client = clients.create({ readPolicy: 'replica' });
    await client.get('k');
    expect([reads(primary), reads(replicas[0]) + reads(replicas[1])]).toEqual([0, 1]);
  });

  it('go to another replica when theirs is gone, and to the primary only where they may', async () => {
    await connect([replicas[0]]);
    const strict = clients.create({ readPolicy: 'replica', maxRetriesPerRequest: null });
    const lenient = clients.create({ readPolicy: 'replica-preferred', maxRetriesPerRequest: null });
    await Promise.all([strict.get('k'), lenient.get('k')]);
    expect(reads(replicas[0])).toBe(2);
    rig.source.say(primary, 1, []);
    // A node that Sentinel does not list any more is kept for a while.
    await rig.pass(6_000);
    rig.source.say(primary, 2, []);
    await rig.until(() => rig.tracker.replicas.length === 0, 'it is not listed any more');
    const held = strict.get('k');
    await lenient.get('k');
    expect(reads(primary)).toBe(1);
    rig.source.say(primary, 3, [replicas[1]]);
    await held;
    expect(reads(replicas[1])).toBe(1);
  });

  it('leave a replica that became the primary', async () => {
    await connect(replicas);
    const client = clients.create({ readPolicy: 'replica', maxRetriesPerRequest: null });
    await client.get('k');
    const [used, other] = reads(replicas[0]) > 0 ? replicas : [replicas[1], replicas[0]];
    used.role = 'master';
    other.follow(used);
    rig.source.say(used, 2, [other]);
    await rig.until(() => rig.tracker.isWritable, 'the new primary is connected');
    await rig.until(() => rig.tracker.replicas[0]?.acceptsJobs, 'its replica is connected');
    const before = reads(used);
    await waitUntil(
      async () => {
        await client.get('k');
        return reads(other) > 0;
      },
      { what: 'it reads from the other', everyMs: 1 },
    );
    expect(reads(used) - before).toBeLessThanOrEqual(1);
  });

  it('are told that a replica takes no writes, once', async () => {
    await connect([replicas[0]]);
    replicas[0].answer = () => reply.error("READONLY You can't write against a read only replica.");
    const client = clients.create({ readPolicy: 'replica' });
    await expect(client.set('k', 'v')).rejects.toThrow('READONLY');
    expect(replicas[0].names).toEqual(['set']);
  });

  it.each<[object, string]>([
    [{ role: 'slave' }, "Write readPolicy: 'replica-preferred'"],
    [{ readPolicy: 'replicas' }, 'must be one of'],
  ])('are refused for what would be ignored: %j', (options, message) => {
    expect(() => clients.create(options)).toThrow(message);
  });

  it('are made by libraries as well, from options', async () => {
    await connect([replicas[0]]);
    const { Connector } = clients.options({ readPolicy: 'replica' });
    expect(Connector).not.toBe(clients.options().Connector);
    expect(() => clients.options({ readPolicy: 'nearby' } as object)).toThrow('must be one of');
  });
});
