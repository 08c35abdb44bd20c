import { track, turns, until } from '../../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../../test/support/fake-node.js';
import { FakeRedisServer, ManualClock, muteHandler, reply } from '../../../testing/index.js';
import { lookUps } from '../handshake/shared-look-ups.js';
import { Wire, type WireListener } from './wire.js';
import type { WireOptions } from './wire-options.js';

const PASSWORD = 'planted-S3cret';

describe('Wire', () => {
  let node: FakeNode;
  let clock: ManualClock;
  let heard: string[];
  let wires: Wire[];

  beforeEach(async () => {
    node = await FakeNode.start();
    clock = new ManualClock();
    heard = [];
    wires = [];
  });

  afterEach(async () => {
    for (const wire of wires) wire.destroy('the test is over');
    await node.stop();
  });

  const options = (over: Partial<WireOptions> = {}): WireOptions => ({
    address: node.address,
    access: { username: null, password: null, tls: null },
    db: 0,
    keyPrefix: '',
    clientName: 'test',
    connectTimeoutMs: 1000,
    keepAliveMs: 10_000,
    ...over,
  });

  const open = (over: Partial<WireOptions> = {}, listener: Partial<WireListener> = {}): Wire => {
    const wire = new Wire(options(over), clock, {
      onReady: () => heard.push('ready'),
      onClosed: (reason) => heard.push(`closed: ${reason}`),
      ...listener,
    });
    wires.push(wire);
    return wire;
  };

  const ready = async (over: Partial<WireOptions> = {}): Promise<Wire> => {
    const wire = open(over);
    await until(clock, () => wire.isReady, 'the wire is ready');
    return wire;
  };

  const closed = (): Promise<void> =>
    until(clock, () => heard.some((what) => what.startsWith('closed')), 'the wire is closed');

  describe('the handshake', () => {
    it('names the connection, chooses the database and reports readiness once', async () => {
      await ready({ db: 3, clientName: 'my-app' });
      expect(heard).toEqual(['ready']);
      const commands = node.server.connections[0]?.commands.map((one) =>
        one.join(' ').toLowerCase(),
      );
      expect(commands).toEqual(expect.arrayContaining(['select 3', 'client setname my-app']));
      expect(clock.pending).toBe(0);
    });

    it('looks a name up together with all other connections to it', async () => {
      const lookUp = jest.spyOn(lookUps, 'lookUp');
      const { port } = node.address;
      await ready({ address: { host: 'localhost', port } });
      expect(lookUp.mock.calls.map(([host]) => host)).toEqual(['localhost']);
      await ready();
      expect(lookUp).toHaveBeenCalledTimes(1);
      lookUp.mockRestore();
    });

    it('sends the password before anything else', async () => {
      await ready({ access: { username: 'bob', password: PASSWORD, tls: null } });
      const first = node.server.connections[0]?.commands[0];
      expect(first?.map((word) => word.toLowerCase())).toEqual([
        'auth',
        'bob',
        PASSWORD.toLowerCase(),
      ]);
    });

    it('is closed at the deadline when a node accepts it and sends nothing', async () => {
      node.server.handle(muteHandler);
      const wire = open({ db: 1 });
      await until(clock, () => node.server.connections.length === 1, 'the socket is open');
      await turns(3);
      await clock.advance(999);
      const before = [...heard];
      await clock.advance(1);
      expect(before).toEqual([]);
      expect(heard).toEqual(['closed: no answer to the handshake']);
      expect(wire.isReady).toBe(false);
      await until(clock, () => node.server.connections.length === 0, 'the socket is gone');
    });

    it('fails when the password is wrong, and never repeats the password', async () => {
      node.override = ([name]) =>
        name?.toUpperCase() === 'AUTH'
          ? reply.error('WRONGPASS invalid username-password pair or user is disabled.')
          : undefined;
      const wire = open({ access: { username: null, password: PASSWORD, tls: null } });
      await closed();
      expect(wire.isReady).toBe(false);
      expect(heard).toHaveLength(1);
      expect(heard[0]).toMatch(/^closed: .*WRONGPASS/);
      expect(JSON.stringify(heard)).not.toContain(PASSWORD);
    });

    const refusing =
      (what: string, text: string) =>
      ([name]: readonly string[]) =>
        name?.toLowerCase() === what ? reply.error(text) : undefined;

    it.each([
      ['out of range', 'ERR DB index is out of range', /Choose a database that the server has/],
      [
        'not allowed',
        "NOPERM this user has no permissions to run the 'select' command",
        /Give the ACL user \+select/,
      ],
      ['refused while a script runs', 'BUSY Redis is busy running a script.', /BUSY/],
    ])('is refused when the database is %s, with reason and remedy', async (_, text, remedy) => {
      node.override = refusing('select', text);
      const wire = open({ db: 99 });
      await closed();
      expect(wire.isReady).toBe(false);
      expect(heard).toEqual([
        expect.stringContaining(`database 99 cannot be selected: ${text}`) as string,
      ]);
      expect(heard[0]).toMatch(remedy);
      expect(node.names).toEqual([]);
    });

    it.each([
      'ERR Client sent AUTH, but no password is set',
      'ERR AUTH <password> called without any password configured for the default user.',
      "ERR wrong number of arguments for 'auth' command",
    ])('is refused by a server that answers the password with: %s', async (text) => {
      node.override = refusing('auth', text);
      open({ access: { username: null, password: PASSWORD, tls: null } });
      await closed();
      expect(heard[0]).toContain(`the password is refused: ${text}`);
      expect(JSON.stringify(heard)).not.toContain(PASSWORD);
    });

    it('goes on without a name, and says so, when the name is refused', async () => {
      const text = "NOPERM this user has no permissions to run the 'client|setname' command";
      node.override = refusing('client', text);
      await ready({ onUnnamed: (reason) => heard.push(`unnamed: ${reason}`) });
      expect(heard).toEqual([`unnamed: ${text}`, 'ready']);
    });

    it('says why nobody could be reached', async () => {
      const { address } = node;
      await node.stop();
      open({ address });
      await closed();
      expect(heard).toEqual([expect.stringMatching(/^closed: .*ECONNREFUSED/)]);
      expect(clock.pending).toBe(0);
    });

    it('is over when the wire is destroyed in the middle of it', async () => {
      node.freeze();
      const wire = open();
      wire.destroy('not wanted');
      expect(heard).toEqual(['closed: not wanted']);
      node.thaw();
      await turns(20);
      expect(heard).toEqual(['closed: not wanted']);
      expect(clock.pending).toBe(0);
      await until(clock, () => node.server.connections.length === 0, 'the socket is gone');
    });
  });

  describe('commands', () => {
    it('leave in one piece when they are flushed together', async () => {
      const wire = await ready();
      const replies = Promise.all([
        wire.write('set', ['a', '1'], 'utf8'),
        wire.write('set', ['b', Buffer.from([0, 255])], 'utf8'),
        wire.write('get', ['a'], 'utf8'),
      ]);
      await turns(5);
      expect(node.names).toEqual([]);
      wire.flush();
      await replies;
      expect(node.names).toEqual(['set', 'set', 'get']);
    });

    it('arrive in order and whole when they are more than one piece', async () => {
      const wire = await ready();
      const big = 'ä'.repeat(700_000);
      const replies = Promise.all(
        [big, '1', Buffer.alloc(1_500_000, 255), 'x'.repeat(3_000_000), '2'].map((value, index) =>
          wire.write('set', [`key${String(index)}`, value], 'utf8'),
        ),
      );
      wire.flush();
      await expect(replies).resolves.toHaveLength(5);
      expect(node.received.map(([, key]) => key)).toEqual([0, 1, 2, 3, 4].map((n) => `key${n}`));
      expect(node.received.map(([, , value]) => value?.length)).toEqual([
        700_000, 1, 1_500_000, 3_000_000, 1,
      ]);
      expect(node.received[0]?.[2]).toBe(big);
    });

    it('that cannot be written lose the connection, and every one of them is told', async () => {
      const wire = await ready();
      const told: string[] = [];
      const sink = {
        onValue: () => told.push('value'),
        onFailure: () => told.push('failure'),
      };
      wire.send('set', ['a', Buffer.from('b')], 'utf8', sink);
      wire.send('set', ['a', 'c'], 'utf8', sink);
      // As when memory runs out.
      const concat = jest.spyOn(Buffer, 'concat').mockImplementationOnce(() => {
        throw new RangeError('Invalid string length');
      });
      wire.flush();
      concat.mockRestore();
      await until(clock, () => told.length === 2, 'both are told');
      expect(told).toEqual(['failure', 'failure']);
      expect(heard).toEqual([
        'ready',
        'closed: the commands cannot be written: Invalid string length',
      ]);
    });

    it('get their replies decoded, or as Buffers', async () => {
      node.answer = () => reply.bulk('välue');
      const wire = await ready();
      const both = Promise.all([wire.write('get', ['a'], 'utf8'), wire.write('get', ['a'], null)]);
      wire.flush();
      await expect(both).resolves.toEqual(['välue', Buffer.from('välue')]);
    });

    it('carry the key prefix on their keys only', async () => {
      const wire = await ready({ keyPrefix: 'app:' });
      await wire.call('mset', ['a', '1', 'b', '2']);
      expect(node.received[0]).toEqual(['mset', 'app:a', '1', 'app:b', '2']);
    });

    it('reject with the error of Redis, from which the arguments were taken', async () => {
      node.answer = () =>
        reply.error("ERR unknown command 'nope', with args beginning with: 'key'");
      const wire = await ready();
      const error: unknown = await wire.call('nope', ['key', PASSWORD]).catch((e: unknown) => e);
      expect(error).toMatchObject({ message: "ERR unknown command 'nope'" });
      expect(error).not.toHaveProperty('command');
    });
  });

  describe('the end', () => {
    it.each([
      ['half a reply', reply.rawThenClose('$100\r\nonly the beginn')],
      ['nothing', reply.rawThenClose('')],
    ])('settles every promise when the server closes after %s', async (_, last) => {
      node.answer = () => last;
      const wire = await ready();
      const replies = [1, 2, 3].map(() => track(wire.call('get', ['k'])));
      await closed();
      await until(clock, () => replies.every(({ state }) => state === 'rejected'), 'all settle');
      expect(heard.filter((what) => what !== 'ready')).toHaveLength(1);
      expect(wire.isReady).toBe(false);
    });

    it.each([
      ['an unknown type byte', '?what\r\n'],
      ['plain text', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ])('comes when the server answers with %s, and settles every promise', async (_, bytes) => {
      node.answer = () => reply.raw(bytes);
      const wire = await ready();
      const replies = [1, 2].map(() => track(wire.call('get', ['k'])));
      await closed();
      await until(clock, () => replies.every(({ state }) => state === 'rejected'), 'all settle');
      expect(wire.isReady).toBe(false);
    });

    it('is reported before destroy returns, once, and settles every promise', async () => {
      const wire = await ready();
      node.freeze();
      const replies = [1, 2, 3].map(() => track(wire.call('get', ['k'])));
      const unflushed = track(wire.write('get', ['k'], 'utf8'));
      wire.destroy('cut');
      expect(heard).toEqual(['ready', 'closed: cut']);
      wire.destroy('again');
      await until(
        clock,
        () => [...replies, unflushed].every(({ state }) => state === 'rejected'),
        'all settle',
      );
      expect(heard).toEqual(['ready', 'closed: cut']);
    });

    it('settles what is written afterwards', async () => {
      const wire = await ready();
      wire.destroy('cut');
      await expect(wire.call('get', ['k'])).rejects.toThrow();
      await expect(wire.subscribe('subscribe', ['c'])).rejects.toMatchObject({
        code: 'CONNECTION_LOST',
      });
      await expect(wire.unsubscribe('subscribe', ['c'])).rejects.toMatchObject({
        code: 'CONNECTION_LOST',
      });
      wire.flush();
    });

    it('tells a sink of every command exactly once', async () => {
      const wire = await ready();
      node.freeze();
      const outcomes: string[] = [];
      for (const key of ['a', 'b']) {
        wire.send('get', [key], 'utf8', {
          onValue: () => outcomes.push(`${key} value`),
          onFailure: () => outcomes.push(`${key} failure`),
        });
      }
      wire.flush();
      wire.destroy('cut');
      await until(clock, () => outcomes.length >= 2, 'both are told');
      node.thaw();
      await turns(10);
      expect(outcomes).toEqual(['a failure', 'b failure']);
    });

    it('counts the bytes that came in, so that life can be told from silence', async () => {
      const wire = await ready();
      const before = wire.bytesMoved;
      await wire.call('get', ['k']);
      expect(wire.bytesMoved).toBeGreaterThan(before);
    });
  });

  describe('messages', () => {
    it('of channels and patterns arrive as text and as bytes', async () => {
      const messages: unknown[] = [];
      const wire = open(
        {},
        {
          onMessage: (...args) => messages.push(args),
          onMessageBuffer: (channel, message, pattern) => {
            messages.push([channel, message, pattern].map((part) => part?.toString() ?? null));
          },
        },
      );
      await until(clock, () => wire.isReady, 'the wire is ready');
      await wire.subscribe('subscribe', ['news']);
      await wire.subscribe('psubscribe', ['n*']);
      node.server.publish('news', 'hello');
      node.server.connections[0]?.send(reply.push('pmessage', 'n*', 'news', 'hi'));
      await until(clock, () => messages.length === 4, 'all messages arrive');
      expect(messages).toEqual([
        ['news', 'hello', null],
        ['news', 'hello', null],
        ['news', 'hi', 'n*'],
        ['news', 'hi', 'n*'],
      ]);
      await expect(wire.call('ping')).resolves.toBeDefined();
      await wire.unsubscribe('subscribe', ['news']);
      expect(node.server.publish('news', 'nobody')).toBe(0);
    });
  });

  it('leaves no socket and no timer behind', async () => {
    const server = await FakeRedisServer.start();
    const wire = await ready({ address: server.address });
    wire.destroy('done');
    await until(clock, () => server.connections.length === 0, 'the socket is gone');
    expect(clock.pending).toBe(0);
    await server.stop();
  });
});
