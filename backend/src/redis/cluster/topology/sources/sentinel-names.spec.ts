import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pass, sentinelOptions, turns, until } from '../../../../../test/support/engine-rig.js';
import { FakeSentinelNode } from '../../../../../test/support/fake-sentinel-node.js';
import type { NodeAddress } from '../../../base/address/index.js';
import { EventBus, type RedisHaEvent } from '../../../base/events/index.js';
import { ManualClock } from '../../../testing/index.js';
import { SentinelSource } from './sentinel-source.js';

const A = { host: '10.0.0.1', port: 1 };
const B = { host: '10.0.0.1', port: 2 };
const NAME = 'redis-headless.prod.svc';

/** The Sentinels of a headless service: each at an address of its own, all at one port. */
class Service {
  readonly sentinels: FakeSentinelNode[] = [];
  readonly #doors: Server[] = [];
  readonly #sockets = new Set<Socket>();
  port = 0;

  async add(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#addOne();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#doors.map((door) => new Promise((done) => door.close(done))));
    await Promise.all(this.sentinels.map((sentinel) => sentinel.stop()));
  }

  async #addOne(): Promise<void> {
    const sentinel = await FakeSentinelNode.start(`s${String(this.sentinels.length)}`, {
      primary: A,
      epoch: 5,
    });
    const door = createServer((socket) => {
      const inner = connect(sentinel.address);
      for (const end of [socket, inner]) {
        this.#sockets.add(end);
        end.on('error', () => end.destroy());
      }
      socket.pipe(inner).pipe(socket);
    });
    this.sentinels.push(sentinel);
    this.#doors.push(door);
    door.listen(this.port, `127.0.0.${String(this.#doors.length)}`);
    await once(door, 'listening');
    this.port = (door.address() as AddressInfo).port;
  }
}

describe('a name that stands for several Sentinels', () => {
  let clock: ManualClock;
  let service: Service;
  let source: SentinelSource;
  let events: RedisHaEvent[];
  let told: NodeAddress[];
  let found: { address: string; family: number }[];
  let lookUps: string[];

  const record = (...last: number[]): typeof found =>
    last.map((n) => ({ address: `127.0.0.${String(n)}`, family: 4 }));
  const lookUp = (host: string): Promise<typeof found> => {
    lookUps.push(host);
    return found.length === 0 ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(found);
  };

  beforeEach(async () => {
    clock = new ManualClock();
    service = new Service();
    await service.add(3);
    found = record(1, 2, 3);
    events = [];
    told = [];
    lookUps = [];
  });

  afterEach(async () => {
    source.close();
    await service.stop();
  });

  const start = (more: object = {}): void => {
    const bus = new EventBus();
    bus.onAny((event) => events.push(event));
    const nodes = [`${NAME}:${String(service.port)}`];
    const sentinel = { nodes, resolveNames: true, ...more };
    source = new SentinelSource(sentinelOptions({ sentinel }), clock, bus, lookUp);
    source.start({
      onTopology: (primary) => told.push(primary),
      onStep: () => undefined,
      onReport: () => undefined,
      onRefused: () => undefined,
    });
  };
  const answering = (): string[] =>
    source.desk
      .statuses()
      .filter(({ isAnswering }) => isAnswering)
      .map(({ address }) => address.host)
      .sort();
  const allAnswer = (count: number): Promise<void> =>
    until(clock, () => answering().length === count, `${String(count)} Sentinels answer`);
  const doubts = (): unknown[] => events.filter(({ type }) => type === 'settings.doubtful');

  it('has each of them asked, and what they agree on followed', async () => {
    start();
    await allAnswer(3);
    expect(answering()).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    expect(told.at(-1)).toEqual(A);
    expect(lookUps).toEqual([NAME]);
    expect(doubts()).toEqual([]);
  });

  it('counts each of them at the start: one of three is no majority', async () => {
    service.sentinels[1]!.manners = 'mute';
    service.sentinels[2]!.manners = 'mute';
    start();
    await allAnswer(1);
    await turns(10);
    expect(told).toEqual([]);
  });

  it('counts as a Sentinel while it is looked up, so that one that is listed is no majority', async () => {
    const slow = jest.fn(() => new Promise<typeof found>(() => undefined));
    const listed = service.sentinels[0]!.address;
    const nodes = [listed, `${NAME}:1`];
    const options = sentinelOptions({ sentinel: { nodes, resolveNames: true } });
    source = new SentinelSource(options, clock, new EventBus(), slow);
    source.start({
      onTopology: (primary) => told.push(primary),
      onStep: () => undefined,
      onReport: () => undefined,
      onRefused: () => undefined,
    });
    await allAnswer(1);
    await turns(10);
    expect(told).toEqual([]);
  });

  it('is looked up again when one of them is lost, and the one that took its place is asked', async () => {
    await service.add(1);
    start();
    await allAnswer(3);
    await pass(clock, 2500);
    expect(lookUps).toHaveLength(1);
    service.sentinels[2]!.manners = 'mute';
    found = record(1, 2, 4);
    await pass(clock, 3000);
    await allAnswer(3);
    expect(answering()).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.4']);
    expect(source.desk.statuses()).toHaveLength(3);
    for (const one of service.sentinels) one.story = { primary: B, epoch: 6 };
    await source.lookAgain();
    expect(told.at(-1)).toEqual(B);
  });

  it('keeps its addresses when it cannot be looked up any more', async () => {
    start();
    await allAnswer(3);
    service.sentinels[2]!.manners = 'mute';
    found = [];
    await pass(clock, 2500);
    service.sentinels[2]!.manners = 'polite';
    await pass(clock, 1500);
    await allAnswer(3);
  });

  it('that does not exist yet is reported, and used when it does', async () => {
    found = [];
    start({ nodes: [`does-not-exist.invalid:${String(service.port)}`] });
    await until(
      clock,
      () => events.some(({ type }) => type === 'sentinel.lost'),
      'the name is reported',
    );
    expect(source.desk.statuses()).toMatchObject([
      { address: { host: 'does-not-exist.invalid' }, isAnswering: false },
    ]);
    found = record(1, 2, 3);
    await pass(clock, 1500);
    await allAnswer(3);
    expect(source.desk.statuses()).toHaveLength(3);
  });

  it('with fewer than three addresses is doubted, and looked up until there are three', async () => {
    found = record(1);
    start();
    await allAnswer(1);
    expect(doubts()).toMatchObject([
      {
        problem: {
          field: 'sentinel.nodes',
          value: `127.0.0.1:${String(service.port)}`,
        },
      },
    ]);
    found = record(1, 2, 3);
    await pass(clock, 1500);
    await allAnswer(3);
  });

  it('counts a Sentinel once that has an address of each family', async () => {
    found = [...record(1, 2, 3), { address: '::1', family: 6 }];
    start();
    await allAnswer(3);
    expect(source.desk.statuses()).toHaveLength(3);
  });

  it('is the name that the certificates of the Sentinels must have', async () => {
    const greetings: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => greetings.push(bytes.toString('latin1')));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    found = record(1);
    try {
      const { port } = server.address() as AddressInfo;
      start({ nodes: [`${NAME}:${String(port)}`], tls: true });
      await until(clock, () => greetings.length > 0, 'a TLS handshake begins');
      expect(source.desk.statuses()).toMatchObject([{ address: { host: '127.0.0.1' } }]);
      // The name that the client asks for stands in clear in the first message.
      expect(greetings[0]).toContain(NAME);
    } finally {
      source.close();
      await new Promise((done) => server.close(done));
    }
  });

  it('is not looked up unless that was asked for', async () => {
    const nodes = service.sentinels.map(({ address }) => `localhost:${String(address.port)}`);
    start({ nodes, resolveNames: false });
    await allAnswer(3);
    expect(answering()).toEqual(['localhost', 'localhost', 'localhost']);
    expect(lookUps).toEqual([]);
  });

  it('starts nothing after the source was closed', async () => {
    start();
    source.close();
    await pass(clock, 1100);
    expect(source.desk.statuses()).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
