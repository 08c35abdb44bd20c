import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { FakeRedisServer } from '../fake/fake-redis-server.js';
import { FaultProxy } from './fault-proxy.js';
import { reply } from '../fake/fake-replies.js';
import { claimPort } from '../../lab/index.js';
import { RespClient } from './resp-client.js';
import { waitUntil } from '../time/wait-until.js';

const SHORT_MS = 60;

describe('FaultProxy', () => {
  let server: FakeRedisServer;
  let proxy: FaultProxy;
  const clients: RespClient[] = [];

  const connectClient = async (): Promise<RespClient> => {
    const client = await RespClient.connect(proxy.address);
    clients.push(client);
    return client;
  };

  const seenByServer = (): number =>
    server.connections.reduce((sum, { commands }) => sum + commands.length, 0);

  beforeEach(async () => {
    server = await FakeRedisServer.start(([name]) =>
      name === 'GET' ? reply.bulk('hello') : undefined,
    );
    proxy = await FaultProxy.start(server.address);
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await proxy.stop();
    await server.stop();
  });

  it('passes everything unchanged, and counts connections', async () => {
    const client = await connectClient();
    await expect(client.command(['GET', 'k'])).resolves.toBe('hello');
    expect(proxy.connections).toEqual({ total: 1, open: 1, refused: 0, cut: 0 });
    client.close();
    await waitUntil(() => proxy.connections.open === 0, { what: 'it is closed', everyMs: 1 });
    expect(proxy.connections.total).toBe(1);
  });

  it('resets open and new connections while it refuses, and serves new ones afterwards', async () => {
    const open = await connectClient();
    await open.command(['PING']);
    proxy.refuse();
    await waitUntil(() => !open.isOpen, { what: 'the open connection is reset', everyMs: 1 });
    // The kernel accepts before the proxy resets: the connection fails now or with its first command.
    const attempt = connectClient().then((client) => client.command(['PING']));
    await expect(attempt).rejects.toThrow();
    expect(proxy.connections.refused).toBe(1);
    proxy.heal();
    await expect((await connectClient()).command(['PING'])).resolves.toBe('PONG');
  });

  it('swallows both directions in a black hole, on open and on new connections', async () => {
    const open = await connectClient();
    await open.command(['PING']);
    proxy.blackHole();
    await expect(open.command(['PING'], SHORT_MS)).rejects.toThrow('unanswered');
    const late = await connectClient();
    await expect(late.command(['PING'], SHORT_MS)).rejects.toThrow('unanswered');
    expect(seenByServer()).toBe(1);
  });

  it('resets connections that lost bytes when the black hole ends, and spares the others', async () => {
    const [talking, silent] = [await connectClient(), await connectClient()];
    await silent.command(['PING']);
    proxy.blackHole();
    const lost = talking.command(['PING']);
    await waitUntil(() => proxy.connections.open === 2, { what: 'both are open', everyMs: 1 });
    const failed = expect(lost).rejects.toThrow('broke');
    await waitUntil(
      () => {
        proxy.heal();
        return !talking.isOpen || (proxy.blackHole(), false);
      },
      { what: 'the connection with the hole is reset', everyMs: 5 },
    );
    await failed;
    await expect(silent.command(['PING'])).resolves.toBe('PONG');
  });

  it('delays both directions and keeps the order', async () => {
    const client = await connectClient();
    await client.command(['PING']);
    proxy.delay(SHORT_MS);
    const startedAt = performance.now();
    const order: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map(async (text) => {
        await client.command(['PING', text]);
        order.push(text);
      }),
    );
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(2 * SHORT_MS - 2);
    expect(order).toEqual(['a', 'b', 'c']);
    const sent = server.connections[0]?.commands.slice(1).map(([, text]) => text);
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('lets what was delayed arrive at once, in order, when the fault ends', async () => {
    const client = await connectClient();
    await client.command(['PING']);
    proxy.delay(60_000);
    const early = client.command(['PING', 'early'], 5000);
    proxy.heal();
    const late = client.command(['PING', 'late'], 5000);
    await expect(Promise.all([early, late])).resolves.toEqual(['early', 'late']);
  });

  it('holds everything back and delivers it late', async () => {
    const client = await connectClient();
    await client.command(['PING']);
    proxy.hold();
    const held = client.command(['PING', 'held'], 5000);
    const silence = await RespClient.connect(proxy.address);
    await expect(silence.command(['PING'], SHORT_MS)).rejects.toThrow('unanswered');
    expect(seenByServer()).toBe(1);
    proxy.heal();
    await expect(held).resolves.toBe('held');
  });

  it('drops what goes to the server and nothing else', async () => {
    const client = await connectClient();
    await client.command(['PING']);
    proxy.dropDirection('to-server');
    await expect(client.command(['PING'], SHORT_MS)).rejects.toThrow('unanswered');
    expect(seenByServer()).toBe(1);
  });

  it('drops what comes from the server and nothing else', async () => {
    const client = await connectClient();
    await client.command(['PING']);
    proxy.dropDirection('from-server');
    await expect(client.command(['PING'], SHORT_MS)).rejects.toThrow('unanswered');
    expect(seenByServer()).toBe(2);
  });

  it('cuts a connection in the middle of a reply, after exactly that many bytes', async () => {
    proxy.cutAfter('$5\r\nhel'.length);
    const socket = connect({ ...proxy.address });
    const received: Buffer[] = [];
    socket.on('data', (bytes) => received.push(bytes));
    socket.write('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n');
    await once(socket, 'close');
    expect(Buffer.concat(received).toString()).toBe('$5\r\nhel');
    expect(proxy.connections.cut).toBe(1);
  });

  it('counts the bytes of each connection on its own', async () => {
    const [one, two] = [await connectClient(), await connectClient()];
    proxy.cutAfter('$5\r\nhello\r\n'.length + 1);
    await expect(one.command(['GET', 'k'])).resolves.toBe('hello');
    await expect(two.command(['GET', 'k'])).resolves.toBe('hello');
    await expect(one.command(['GET', 'k'])).rejects.toThrow('closed by the other side');
    proxy.heal();
    await expect(two.command(['GET', 'k'])).resolves.toBe('hello');
  });

  it('passes the end of a connection on, in both directions', async () => {
    const client = await connectClient();
    await client.command(['PING']);
    server.connections[0]?.close();
    await waitUntil(() => !client.isOpen, { what: 'the client sees the end', everyMs: 1 });
    const other = await connectClient();
    await other.command(['PING']);
    other.close();
    await waitUntil(() => server.connections.length === 0, { what: 'the server too', everyMs: 1 });
  });

  it('resets clients when nobody listens behind it', async () => {
    const { port, release } = await claimPort();
    const orphan = await FaultProxy.start({ host: '127.0.0.1', port });
    const attempt = RespClient.connect(orphan.address).then((client) => client.command(['PING']));
    await expect(attempt).rejects.toThrow();
    await orphan.stop();
    release();
  });

  it('gives its port back when it is stopped, and may be stopped twice', async () => {
    const client = await connectClient();
    await proxy.stop();
    await proxy.stop();
    await waitUntil(() => !client.isOpen, { what: 'the client is reset', everyMs: 1 });
    await expect(RespClient.connect(proxy.address)).rejects.toThrow('Cannot connect');
  });

  it('carries more than its window, in order, also to a slow reader', async () => {
    const size = 8 * 1024 * 1024;
    const source = await serve((socket) => {
      const bytes = Buffer.alloc(size, 'x');
      bytes.write('!', size - 1);
      socket.end(bytes);
    });
    const big = await FaultProxy.start(source.address);
    const socket = connect({ ...big.address });
    big.delay(5);
    let total = 0;
    let last = '';
    socket.on('data', (bytes: Buffer) => {
      total += bytes.length;
      last = bytes.toString('latin1', bytes.length - 1);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await once(socket, 'end');
    expect([total, last]).toEqual([size, '!']);
    socket.destroy();
    await big.stop();
    await source.stop();
  });
});

async function serve(onConnection: (socket: Socket) => void): Promise<{
  address: { host: string; port: number };
  stop: () => Promise<void>;
}> {
  const { port, release } = await claimPort();
  const address = { host: '127.0.0.1', port };
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(address);
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
    release();
  };
  return { address, stop };
}
