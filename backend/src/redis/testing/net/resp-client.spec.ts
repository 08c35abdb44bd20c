import { CommandRejectedError, TestClusterError } from '../../base/errors/index.js';
import { FakeRedisServer } from '../fake/fake-redis-server.js';
import { reply } from '../fake/fake-replies.js';
import { claimPort } from '../../lab/index.js';
import { RespClient } from './resp-client.js';
import { RespPush, type RespValue } from './resp-codec.js';
import { waitUntil } from '../time/wait-until.js';

describe('RespClient', () => {
  let server: FakeRedisServer;

  beforeEach(async () => {
    server = await FakeRedisServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('resolves each command with its own reply, also when several are on their way', async () => {
    server.handle(([name = '']) => reply.bulk(name.toLowerCase()));
    const client = await RespClient.connect(server.address);
    const replies = await Promise.all([client.command(['A']), client.command(['B'])]);
    client.close();
    expect(replies).toEqual(['a', 'b']);
  });

  it('logs in before anything else, with the user when there is one', async () => {
    const plain = await RespClient.connect(server.address, { password: 'p' });
    const acl = await RespClient.connect(server.address, { username: 'u', password: 'p' });
    const sent = server.connections.map(({ commands }) => commands);
    plain.close();
    acl.close();
    expect(sent).toEqual([[['AUTH', 'p']], [['AUTH', 'u', 'p']]]);
  });

  it('rejects with what Redis says when Redis answers with an error', async () => {
    server.handle(() => reply.error('WRONGTYPE no'));
    const client = await RespClient.connect(server.address);
    const failing = client.command(['GET', 'k']);
    await expect(failing).rejects.toThrow(CommandRejectedError);
    await expect(failing).rejects.toThrow('WRONGTYPE no');
    client.close();
  });

  it('fails at the deadline, and closes its connection', async () => {
    server.handle(() => reply.silence());
    const client = await RespClient.connect(server.address);
    await expect(client.command(['GET', 'k'], 20)).rejects.toThrow('unanswered for 20 ms');
    expect(client.isOpen).toBe(false);
    await expect(client.command(['PING'])).rejects.toThrow(TestClusterError);
  });

  it('fails what waits when the connection ends in the middle of a reply', async () => {
    server.handle(() => reply.rawThenClose('$5\r\nhel'));
    const client = await RespClient.connect(server.address);
    await expect(client.command(['GET', 'k'])).rejects.toThrow('closed by the other side');
  });

  it('fails what waits when the reply is garbage', async () => {
    server.handle(() => reply.raw('hello\r\n'));
    const client = await RespClient.connect(server.address);
    await expect(client.command(['GET', 'k'])).rejects.toThrow('does not speak');
  });

  it('fails what waits when it is closed, and may be closed twice', async () => {
    server.handle(() => reply.silence());
    const client = await RespClient.connect(server.address);
    const waiting = client.command(['GET', 'k']);
    client.close();
    client.close();
    await expect(waiting).rejects.toThrow('closed by its owner');
  });

  it('passes on messages without a command, and does not take them for replies', async () => {
    const pushed: RespValue[] = [];
    const client = await RespClient.connect(server.address, { onPush: (v) => pushed.push(v) });
    await client.command(['HELLO', '3']);
    server.connections[0]?.send(reply.push('invalidate', reply.array('k')));
    await expect(client.command(['PING'])).resolves.toBe('PONG');
    await waitUntil(() => pushed.length > 0, { what: 'a push arrives', everyMs: 1 });
    client.close();
    expect(pushed).toEqual([new RespPush(['invalidate', ['k']])]);
  });

  it('says where nobody listens', async () => {
    const { port, release } = await claimPort();
    const connecting = RespClient.connect({ host: '127.0.0.1', port });
    await expect(connecting).rejects.toThrow(`Cannot connect to 127.0.0.1:${String(port)}`);
    release();
  });

  it('closes the connection when logging in fails', async () => {
    server.handle(() => reply.error('WRONGPASS no'));
    const connecting = RespClient.connect(server.address, { password: 'p' });
    await expect(connecting).rejects.toThrow('WRONGPASS');
    await waitUntil(() => server.connections.length === 0, { what: 'it hangs up', everyMs: 1 });
  });
});
