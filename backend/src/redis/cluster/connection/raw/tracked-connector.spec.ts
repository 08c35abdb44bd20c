import type { Redis, RedisOptions } from 'ioredis';
import { FakeNode } from '../../../../../test/support/fake-node.js';
import { sameAddress, type NodeAddress } from '../../../base/address/index.js';
import { muteHandler, reply, waitUntil } from '../../../testing/index.js';
import { SystemClock } from '../../../base/timing/index.js';
import { ReturningSubscribers } from './returning-subscribers.js';
import { newTrackedClient } from './tracked-client.js';
import type { TargetSource } from './tracked-connector.js';
import { trackedOptions } from './tracked-options.js';

/** A source whose node the test sets. */
class Signpost implements TargetSource {
  target: NodeAddress | null = null;
  isClosing = false;
  asked = 0;
  readonly access: TargetSource['access'];
  readonly clock = new SystemClock();
  readonly returning = new ReturningSubscribers();
  readonly #listeners = new Set<() => void>();
  #wake: (() => void)[] = [];

  constructor(access: Partial<TargetSource['access']> = {}) {
    this.access = { username: null, password: null, tls: null, ...access };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async next(): Promise<NodeAddress | null> {
    this.asked++;
    while (this.target === null && !this.isClosing) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.isClosing ? null : this.target;
  }
  isCurrent(address: NodeAddress): boolean {
    return this.target !== null && sameAddress(this.target, address);
  }
  isClosed(): boolean {
    return this.isClosing;
  }
  onMove(listener: () => void) {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
  point(target: FakeNode | null): void {
    this.target = target?.address ?? null;
    for (const listener of [...this.#listeners]) listener();
    for (const wake of this.#wake.splice(0)) wake();
  }
  close(): void {
    this.isClosing = true;
    for (const wake of this.#wake.splice(0)) wake();
  }
}

const PASSWORD = 'planted-S3cret';
const SETTINGS = { db: 0, connectTimeoutMs: 1000, clientName: 'test', keepAliveMs: 10_000 };

describe('a tracked ioredis client', () => {
  let nodes: [FakeNode, FakeNode];
  let signpost: Signpost;
  let clients: Redis[];

  beforeEach(async () => {
    nodes = [await FakeNode.start(), await FakeNode.start()];
    for (const node of nodes) reportsItsRole(node);
    signpost = new Signpost();
    clients = [];
  });

  afterEach(async () => {
    signpost.close();
    for (const client of clients) client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  // The driver checks the role in INFO, not in ROLE.
  function reportsItsRole(node: FakeNode): void {
    node.override = ([name]) =>
      name?.toLowerCase() === 'info' ? reply.bulk(`role:${node.role}\r\nloading:0\r\n`) : undefined;
  }

  const connect = (options: RedisOptions = {}, connectTimeoutMs = 1000): Redis => {
    const tracked = trackedOptions(signpost, { ...SETTINGS, connectTimeoutMs });
    const client = newTrackedClient({ ...options, ...tracked });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };

  // As libraries do that choose a database of their own.
  const connectAs = (options: RedisOptions): Redis => {
    const client = newTrackedClient({ ...trackedOptions(signpost, SETTINGS), ...options });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };

  const reaches = (client: Redis, status: string): Promise<unknown> =>
    waitUntil(() => client.status === status, { what: `status ${status}`, everyMs: 1 });

  it('waits for a primary without an error, and connects to it when there is one', async () => {
    const client = connect();
    const value = client.set('k', 'v');
    await reaches(client, 'connecting');
    expect(signpost.asked).toBe(1);
    signpost.point(nodes[0]);
    await expect(value).resolves.toBe('OK');
    expect(nodes[0].names).toEqual(['set']);
  });

  it('follows at once when the primary moves, though the old one is frozen', async () => {
    signpost.point(nodes[0]);
    const client = connect();
    await client.set('k', 'v');
    nodes[0].freeze();
    signpost.point(nodes[1]);
    await expect(client.set('k', 'v2')).resolves.toBe('OK');
    expect(nodes[1].names).toEqual(['set']);
    await waitUntil(() => nodes[0].server.connections.length === 0, { what: 'the old is left' });
  });

  it('stays where it is when something else changes', async () => {
    signpost.point(nodes[0]);
    const client = connect();
    await client.set('k', 'v');
    signpost.point(nodes[0]);
    await client.set('k', 'v2');
    expect(nodes[0].server.connectionsEver).toBe(1);
  });

  it.each<[string, RedisOptions]>([
    ['of its library', { db: 99 }],
    ['as text', { db: '99' as unknown as number }],
  ])('is not connected when the database %s cannot be selected', async (_, options) => {
    const info = nodes[0].override;
    nodes[0].override = (command, connection) =>
      command[0]?.toLowerCase() === 'select'
        ? reply.error('ERR DB index is out of range')
        : info(command, connection);
    signpost.point(nodes[0]);
    const client = connectAs({ ...options, maxRetriesPerRequest: 0 });
    const errors: string[] = [];
    client.on('error', (error: Error) => errors.push(error.message));
    await expect(client.set('k', 'v')).rejects.toThrow();
    expect(errors[0]).toContain('database 99 cannot be selected: ERR DB index is out of range');
    expect(nodes[0].names).toEqual([]);
  });

  it('ends at once while it waits after a refusal', async () => {
    nodes[0].override = ([name]) =>
      name?.toLowerCase() === 'select' ? reply.error('ERR DB index is out of range') : undefined;
    signpost.point(nodes[0]);
    const client = connectAs({ db: 99 });
    await new Promise((resolve) => client.once('error', resolve));
    client.disconnect();
    await reaches(client, 'end');
  });

  it('survives a move in the middle of connecting', async () => {
    nodes[0].freeze();
    signpost.point(nodes[0]);
    const client = connect();
    await waitUntil(() => nodes[0].server.connections.length === 1, { what: 'it is connecting' });
    signpost.point(nodes[1]);
    await expect(client.set('k', 'v')).resolves.toBe('OK');
    expect(nodes[1].names).toEqual(['set']);
  });

  it('survives moves while it asks where to go', async () => {
    const client = connect();
    await reaches(client, 'connecting');
    for (let i = 0; i < 5; i++) signpost.point(null);
    signpost.point(nodes[1]);
    await expect(client.set('k', 'v')).resolves.toBe('OK');
  });

  it('does not accept a node that says it is a replica, and tries again until it is a primary', async () => {
    nodes[0].role = 'slave';
    signpost.point(nodes[0]);
    const client = connect();
    const value = client.set('k', 'v');
    await waitUntil(() => nodes[0].server.connectionsEver >= 2, { what: 'it tries again' });
    expect(nodes[0].names).toEqual([]);
    nodes[0].role = 'master';
    await expect(value).resolves.toBe('OK');
  });

  it('leaves a node that accepts the connection and sends nothing', async () => {
    nodes[0].server.handle(muteHandler);
    signpost.point(nodes[0]);
    connect({}, 30);
    await waitUntil(() => nodes[0].server.connectionsEver >= 2, { what: 'it tries again' });
  });

  it('comes back when nobody listened for a while', async () => {
    const [first, second] = nodes;
    await first.stop();
    signpost.point(first);
    const client = connect();
    await waitUntil(() => signpost.asked >= 3, { what: 'it has tried several times' });
    signpost.point(second);
    await expect(client.set('k', 'v')).resolves.toBe('OK');
  });

  it.each([
    ['waits for a primary', null],
    ['is connected', 0],
  ])('ends when it is disconnected while it %s, and leaves nothing', async (_, at) => {
    if (at !== null) signpost.point(nodes[at]!);
    const client = connect();
    await reaches(client, at === null ? 'connecting' : 'ready');
    client.disconnect();
    signpost.point(nodes[1]);
    await reaches(client, 'end');
    expect(nodes[1].server.connectionsEver).toBe(0);
    await waitUntil(() => nodes[0].server.connections.length === 0, { what: 'sockets are gone' });
    expect(signpost.listeners).toBe(0);
  });

  it('does not end for good when a library asks it to reconnect while it is connecting', async () => {
    const client = connect();
    await reaches(client, 'connecting');
    client.disconnect(true);
    signpost.point(nodes[0]);
    await expect(client.set('k', 'v')).resolves.toBe('OK');
  });

  it('stops asking when the engine is closed', async () => {
    const client = connect({ maxRetriesPerRequest: 0 });
    await reaches(client, 'connecting');
    const value = client.set('k', 'v');
    const failed = expect(value).rejects.toThrow();
    signpost.close();
    await failed;
    expect(nodes.map(({ server }) => server.connectionsEver)).toEqual([0, 0]);
  });

  it('carries the credentials of the engine, whatever the library says', async () => {
    signpost = new Signpost({ username: 'bob', password: PASSWORD });
    signpost.point(nodes[0]);
    const client = connect({ password: 'of somebody else', protocol: 2 });
    await client.set('k', 'v');
    const [first] = nodes[0].server.connections[0]!.commands;
    expect(first?.slice(1)).toEqual(['bob', PASSWORD]);
  });

  it('has only options that the driver knows, and none that would make it give up', () => {
    const options = trackedOptions(signpost, SETTINGS);
    const client = connect();
    for (const key of Object.keys(options)) expect(client.options).toHaveProperty(key);
    expect(options.retryStrategy(1000)).toEqual(expect.any(Number));
    signpost.close();
    expect(options.retryStrategy(1)).toBeNull();
  });

  it.each([
    ["READONLY You can't write against a read only replica.", true],
    ['WRONGTYPE Operation against a key', false],
  ])('finds out where to go when it is told %s: %j', async (text, isRoleRefusal) => {
    signpost.point(nodes[0]);
    let refusals = 1;
    nodes[0].answer = ([name]) =>
      name === 'set' && refusals-- > 0 ? reply.error(text) : undefined;
    const outcome = connect()
      .set('k', 'v')
      .catch((error: unknown) => (error as Error).message);
    await expect(outcome).resolves.toBe(isRoleRefusal ? 'OK' : text);
    expect(signpost.asked).toBe(isRoleRefusal ? 2 : 1);
  });

  describe('that listens', () => {
    let held: Promise<void> | null;
    let letThrough: () => void;

    beforeEach(() => {
      held = null;
      const [, second] = nodes;
      const info = second.override;
      second.override = async (command, connection) => {
        if (command[0]?.toLowerCase() === 'subscribe') await held;
        return info(command, connection);
      };
      // As Redis answers: how many hear it.
      second.answer = () =>
        reply.int(second.server.connections.filter(({ channels }) => channels.has('news')).length);
    });

    // Moves the primary; the new one takes its time to confirm subscriptions.
    async function publishInBetween(
      connectTimeoutMs: number,
      afterwards: (subscriber: Redis) => unknown = () => undefined,
    ): Promise<{ published: Promise<unknown> }> {
      signpost.point(nodes[0]);
      // The first to lose its connection, so that it would be the first to connect anew.
      const publisher = connect({}, connectTimeoutMs);
      await publisher.ping();
      const subscriber = connect({}, connectTimeoutMs);
      await subscriber.subscribe('news', 'prices');
      await subscriber.psubscribe('n*');
      await subscriber.unsubscribe('prices');
      held = new Promise((resolve) => (letThrough = resolve));
      nodes[0].freeze();
      const published = publisher.publish('news', 'x');
      await afterwards(subscriber);
      signpost.point(nodes[1]);
      return { published };
    }

    it('is back before those that do not: what they publish is heard', async () => {
      const { published } = await publishInBetween(60_000);
      await waitUntil(() => nodes[1].arrived('subscribe') === 1, { what: 'it subscribes again' });
      letThrough();
      expect(await published).toBe(1);
      expect(signpost.returning.size).toBe(0);
    });

    it('is waited for no longer than a connection may take to come up', async () => {
      const { published } = await publishInBetween(200);
      expect(await published).toBe(0);
      letThrough();
    });

    it.each<[string, (subscriber: Redis) => unknown]>([
      ['has ended', (subscriber) => subscriber.disconnect()],
      [
        'listens no more',
        (subscriber) =>
          void Promise.all([subscriber.unsubscribe(), subscriber.punsubscribe()]).catch(
            () => undefined,
          ),
      ],
    ])('is not waited for when it %s', async (_, stop) => {
      const { published } = await publishInBetween(60_000, stop);
      expect(await published).toBe(0);
      letThrough();
    });
  });
});
