import { FakeRedisServer } from './fake-redis-server.js';
import { fakeSentinel, muteHandler } from './fake-sentinel.js';
import { reply } from './fake-replies.js';
import { RespClient } from '../net/resp-client.js';
import { RespPush, type RespValue } from '../net/resp-codec.js';
import { waitUntil } from '../time/wait-until.js';

describe('FakeRedisServer', () => {
  let server: FakeRedisServer;
  let client: RespClient;
  let pushed: RespValue[];

  beforeEach(async () => {
    server = await FakeRedisServer.start();
    pushed = [];
    client = await RespClient.connect(server.address, { onPush: (value) => pushed.push(value) });
  });

  afterEach(async () => {
    client.close();
    await server.stop();
  });

  const arrived = (count: number): Promise<boolean> =>
    waitUntil(() => pushed.length >= count, { what: `${String(count)} pushes`, everyMs: 1 });

  it('lets clients connect and look around as at an idle primary', async () => {
    await expect(client.command(['PING'])).resolves.toBe('PONG');
    await expect(client.command(['CLIENT', 'ID'])).resolves.toBe(1);
    await expect(client.command(['CLIENT', 'SETNAME', 'x'])).resolves.toBe('OK');
    await expect(client.command(['ROLE'])).resolves.toEqual(['master', 0, []]);
    await expect(client.command(['INFO'])).resolves.toContain('role:master');
    await expect(client.command(['NONSENSE'])).rejects.toThrow("unknown command 'NONSENSE'");
  });

  it('speaks RESP3 after HELLO 3, and RESP2 before', async () => {
    server.handle(([name]) => (name === 'M' ? reply.map({ a: reply.nil() }) : undefined));
    await client.command(['M']);
    await expect(client.command(['HELLO', '4'])).rejects.toThrow('NOPROTO');
    await expect(client.command(['HELLO', '3'])).resolves.toContain('proto');
    expect(server.connections[0]?.protocol).toBe(3);
    await expect(client.command(['M'])).resolves.toEqual(['a', null]);
  });

  it('confirms subscriptions and delivers what is published', async () => {
    await client.command(['HELLO', '3']);
    const confirmed = client.command(['SUBSCRIBE', 'a', 'b']).catch(() => undefined);
    await arrived(2);
    expect(server.publish('b', 'hi')).toBe(1);
    expect(server.publish('c', 'hi')).toBe(0);
    await arrived(3);
    expect(pushed).toEqual([
      new RespPush(['subscribe', 'a', 1]),
      new RespPush(['subscribe', 'b', 2]),
      new RespPush(['message', 'b', 'hi']),
    ]);
    client.close();
    await confirmed;
  });

  it('answers PING in the way of a subscribed RESP2 connection', async () => {
    await expect(client.command(['SUBSCRIBE', 'a'])).resolves.toEqual(['subscribe', 'a', 1]);
    await expect(client.command(['PING'])).resolves.toEqual(['pong', '']);
    await expect(client.command(['UNSUBSCRIBE'])).resolves.toEqual(['unsubscribe', 'a', 0]);
    await expect(client.command(['PING'])).resolves.toBe('PONG');
  });

  it('lets a handler answer first and leaves the rest to the defaults', async () => {
    server.handle((command) => (command[0] === 'GET' ? reply.bulk('value') : undefined));
    await expect(client.command(['GET', 'k'])).resolves.toBe('value');
    await expect(client.command(['PING'])).resolves.toBe('PONG');
    server.handle(() => reply.int(7));
    await expect(client.command(['GET', 'k'])).resolves.toBe(7);
  });

  it('keeps the order of the replies when a handler takes its time', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    server.handle(async ([name = '']) => {
      if (name === 'SLOW') await gate;
      return reply.bulk(name);
    });
    const both = Promise.all([client.command(['SLOW']), client.command(['QUICK'])]);
    await waitUntil(() => server.connections[0]?.commands.length === 2, { what: 'both arrive' });
    release();
    await expect(both).resolves.toEqual(['SLOW', 'QUICK']);
  });

  it('remembers what each connection sent, and counts connections for ever', async () => {
    await client.command(['PING']);
    const second = await RespClient.connect(server.address);
    await second.command(['ROLE']);
    expect(server.connections.map(({ commands }) => commands)).toEqual([[['PING']], [['ROLE']]]);
    second.close();
    await waitUntil(() => server.connections.length === 1, { what: 'one is gone', everyMs: 1 });
    expect(server.connectionsEver).toBe(2);
  });

  it('reports a handler that throws to the client instead of ending the process', async () => {
    server.handle(() => {
      throw new Error('oops');
    });
    await expect(client.command(['GET', 'k'])).rejects.toThrow('the handler threw: oops');
  });

  it('breaks connections off when told to, and may be stopped twice', async () => {
    server.resetConnections();
    await waitUntil(() => !client.isOpen, { what: 'the client notices', everyMs: 1 });
    await server.stop();
    await server.stop();
    await expect(RespClient.connect(server.address)).rejects.toThrow('Cannot connect');
  });
});

describe('fakeSentinel', () => {
  let server: FakeRedisServer;
  let client: RespClient;

  beforeEach(async () => {
    server = await FakeRedisServer.start();
    client = await RespClient.connect(server.address);
  });

  afterEach(async () => {
    client.close();
    await server.stop();
  });

  it('reports its view as a Sentinel would', async () => {
    const primary = { host: '10.0.0.1', port: 6379 };
    const replica = { host: '10.0.0.2', port: 6380 };
    server.handle(fakeSentinel({ primary, epoch: 7, replicas: [replica] }));
    const ask = (...args: string[]): Promise<RespValue> => client.command(['SENTINEL', ...args]);
    await expect(ask('get-master-addr-by-name', 'mymaster')).resolves.toEqual(['10.0.0.1', '6379']);
    const fields = await ask('MASTER', 'mymaster');
    expect(fields).toEqual(expect.arrayContaining(['config-epoch', '7', 'flags', 'master']));
    const replicas = await ask('REPLICAS', 'mymaster');
    expect(replicas).toEqual([expect.arrayContaining(['10.0.0.2:6380', 'slave'])]);
    await expect(ask('SENTINELS', 'mymaster')).resolves.toEqual([]);
  });

  it('knows no other group', async () => {
    server.handle(fakeSentinel({ primary: { host: 'h', port: 1 } }));
    const address = client.command(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'x']);
    await expect(address).resolves.toBeNull();
    await expect(client.command(['SENTINEL', 'MASTER', 'x'])).rejects.toThrow('No such master');
  });

  it('may change its view between two replies', async () => {
    let port = 1;
    server.handle(fakeSentinel(() => ({ primary: { host: 'h', port } })));
    const ask = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'];
    await expect(client.command(ask)).resolves.toEqual(['h', '1']);
    port = 2;
    await expect(client.command(ask)).resolves.toEqual(['h', '2']);
  });

  it('can reply to nothing instead', async () => {
    server.handle(muteHandler);
    await expect(client.command(['PING'], 20)).rejects.toThrow('unanswered');
  });
});
