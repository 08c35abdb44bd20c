import { newRig, track, turns, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { Wire } from '../../cluster/connection/index.js';
import { reply, type FakeReply } from '../../testing/index.js';
import type { CallOptions } from '../table/call-options.js';
import { ReadNodes } from './read-nodes.js';

describe('CommandRouter', () => {
  let rig: Rig;
  let primary: FakeNode;
  let replica: FakeNode;
  let nodes: FakeNode[];

  beforeEach(async () => {
    primary = await FakeNode.start();
    replica = await FakeNode.start();
    replica.follow(primary);
    nodes = [primary, replica];
    rig = newRig();
  });

  afterEach(async () => {
    rig.close();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const restart = (options: Parameters<typeof newRig>[0]): void => {
    rig.close();
    rig = newRig(options);
  };

  const connect = async (replicas: readonly FakeNode[] = [replica]): Promise<void> => {
    rig.source.say(primary, 1, replicas);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all nodes are connected',
    );
  };

  const run = (
    name: string,
    args: readonly unknown[] = [],
    options: CallOptions | null = null,
  ): Promise<unknown> => rig.runner.run(name, args, 'utf8', options);

  const uncertain = (): string[] =>
    rig.events.flatMap((event) => (event.type === 'command.uncertain' ? [event.command] : []));

  /** Makes the other node the primary. */
  const failOver = async (): Promise<void> => {
    replica.role = 'master';
    rig.source.say(replica, 2, []);
    await rig.until(() => rig.tracker.isWritable, 'the new primary takes writes');
  };

  describe('where commands go', () => {
    it('sends writes to the primary and reads to a replica', async () => {
      await connect();
      await expect(run('set', ['k', 'v'])).resolves.toBe('OK');
      await expect(run('get', ['k'])).resolves.toBe('OK');
      expect(primary.names).toEqual(['set']);
      expect(replica.names).toEqual(['get']);
    });

    it('reads from the primary when no replica is there', async () => {
      await connect([]);
      await run('get', ['k']);
      expect(primary.names).toEqual(['get']);
    });

    it('obeys the read policy of the call', async () => {
      await connect();
      await run('get', ['k'], { readPolicy: 'primary' });
      expect(primary.names).toEqual(['get']);
    });

    it('keeps the order of commands that were made before there was a primary', async () => {
      const all = Promise.all([1, 2, 3, 4, 5].map((n) => run('set', ['k', n])));
      await connect();
      await all;
      expect(primary.received.map((command) => command[2])).toEqual(['1', '2', '3', '4', '5']);
      expect(rig.router.pending).toBe(0);
      expect(rig.router.waiting).toEqual({ reads: 0, writes: 0 });
    });

    it('passes on the error of a command that Redis rejects, without its arguments', async () => {
      await connect();
      primary.answer = () => reply.error('WRONGTYPE Operation against a key');
      await expect(run('incr', ['secret-key'])).rejects.toMatchObject({
        code: 'COMMAND_REJECTED',
        details: { command: 'incr', reply: 'WRONGTYPE' },
      });
      primary.answer = () => undefined;
      await expect(run('incr', ['k'])).resolves.toBe('OK');
    });
  });

  describe('nodes that refuse the credentials', () => {
    const LONG = { timeoutMs: 600_000 };
    const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';
    let refusing: Set<FakeNode>;

    beforeEach(() => {
      refusing = new Set(nodes);
      restart({ node: { password: 'planted-S3cret' } });
      for (const node of nodes) {
        node.override = ([name]) =>
          refusing.has(node) && name?.toUpperCase() === 'AUTH' ? reply.error(WRONGPASS) : undefined;
      }
    });

    const failsFinally = (call: { error?: unknown }, code: string): void => {
      expect(call.error).toMatchObject({ code });
      const { message } = call.error as Error;
      expect(message).toMatch(/WRONGPASS.*check node\.username and node\.password/);
      expect(message).not.toMatch(/within/);
    };

    it('end what waits soon when all of them do, with the reason, and what comes later too', async () => {
      rig.source.say(primary, 1, [replica]);
      const calls = [run('set', ['k', 'v'], LONG), run('get', ['k'], LONG)].map(track);
      await rig.pass(900);
      expect(calls.map(({ state }) => state)).toEqual(['pending', 'pending']);
      await rig.pass(700);
      failsFinally(calls[0]!, 'NO_PRIMARY');
      failsFinally(calls[1]!, 'COMMAND_TIMEOUT');
      const later = track(run('incr', ['n'], LONG));
      await turns(3);
      expect(later.state).toBe('pending');
      await rig.pass(400);
      failsFinally(later, 'NO_PRIMARY');
      expect([rig.router.pending, rig.router.waiting]).toEqual([0, { reads: 0, writes: 0 }]);
    });

    it('end nothing while one of them lets us in, or is not there', async () => {
      refusing.delete(replica);
      rig.source.say(primary, 1, [replica]);
      const write = track(run('set', ['k', 'v'], LONG));
      await expect(run('get', ['k'])).resolves.toBe('OK');
      await rig.pass(2000);
      expect(write.state).toBe('pending');
      await replica.stop();
      await rig.pass(2000);
      expect(write.state).toBe('pending');
      refusing.clear();
      await rig.pass(500);
      expect(write.state).toBe('resolved');
    });

    it('end nothing that a rotation reaches within a second', async () => {
      rig.source.say(primary, 1, [replica]);
      const write = track(run('set', ['k', 'v'], LONG));
      await rig.pass(800);
      refusing.clear();
      await rig.pass(400);
      expect(write.state).toBe('resolved');
    });

    it('leave a write uncertain whose answer was lost before', async () => {
      refusing.clear();
      await connect();
      primary.freeze();
      const write = track(run('set', ['k', 'v'], LONG));
      await rig.until(() => primary.arrived('set') === 1, 'it is sent');
      refusing = new Set(nodes);
      primary.thaw();
      for (const node of nodes) node.server.resetConnections();
      await rig.pass(2000);
      expect(write.error).toMatchObject({
        code: 'COMMAND_UNCERTAIN',
        details: { reason: 'every node refuses the credentials now' },
      });
    });

    it('are not waited for when no Sentinel says who is the primary', async () => {
      const write = track(run('set', ['k', 'v'], LONG));
      await rig.pass(100);
      rig.source.refuse(rig.clock.now());
      await turns(3);
      expect(write.error).toMatchObject({ code: 'NO_PRIMARY' });
    });

    it('end the wait for a connection of one caller, though the shared one is still let in', async () => {
      refusing.clear();
      await connect();
      refusing = new Set(nodes);
      const lent = track(rig.loans.acquire(600_000));
      await rig.pass(2000);
      expect(lent.error).toMatchObject({ code: 'NO_PRIMARY' });
      expect(String(lent.error)).toMatch(/No connection for one caller alone.*WRONGPASS/);
      await expect(run('set', ['k', 'v'])).resolves.toBe('OK');
    });
  });

  describe('deadlines', () => {
    it('reports an unsent write as NO_PRIMARY when its deadline passes', async () => {
      const write = track(run('set', ['k', 'v'], { timeoutMs: 300 }));
      await rig.pass(290);
      expect(write.state).toBe('pending');
      await rig.pass(30);
      expect(write.error).toMatchObject({ code: 'NO_PRIMARY' });
      expect(rig.router.pending).toBe(0);
      expect(rig.router.waiting.writes).toBe(0);
    });

    it('are 250 ms for reads that Redis calls fast, 2 s for other reads, and 8 s for writes', async () => {
      await connect([]);
      primary.freeze();
      const calls = [run('get', ['k']), run('keys', ['*']), run('incr', ['n'])].map(track);
      await rig.until(() => primary.arrived('incr') === 1, 'they arrive');
      const open: string[] = [];
      for (const ms of [240, 40, 1_710, 40, 5_960, 40]) {
        await rig.pass(ms);
        open.push(calls.map(({ state }) => (state === 'pending' ? 'open' : 'over')).join(' '));
      }
      expect(open).toEqual([
        'open open open',
        'over open open',
        'over open open',
        'over over open',
        'over over open',
        'over over over',
      ]);
    });

    it('never sends a write that expired while it waited', async () => {
      const write = track(run('set', ['k', 'v'], { timeoutMs: 50 }));
      await rig.pass(80);
      expect(write.state).toBe('rejected');
      await connect();
      await run('incr', ['other']);
      expect(primary.names).toEqual(['incr']);
    });

    it('reports a sent write without an answer as COMMAND_UNCERTAIN', async () => {
      await connect();
      primary.freeze();
      const write = track(run('set', ['k', 'v'], { timeoutMs: 300 }));
      await rig.until(() => primary.arrived('set') === 1, 'the write arrives');
      await rig.pass(330);
      expect(write.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(uncertain()).toEqual(['set']);
    });

    it('reports a read without an answer as COMMAND_TIMEOUT, never as uncertain', async () => {
      await connect([]);
      primary.freeze();
      const read = track(run('get', ['k']));
      await rig.until(() => primary.arrived('get') === 1, 'the read arrives');
      await rig.pass(300);
      expect(read.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
      expect(uncertain()).toEqual([]);
    });

    it('reports NO_REPLICA when only replicas may answer and none can', async () => {
      await connect([]);
      const read = track(run('get', ['k'], { readPolicy: 'replica', timeoutMs: 50 }));
      await rig.pass(80);
      expect(read.error).toMatchObject({ code: 'NO_REPLICA' });
    });

    it('stops checking deadlines when nothing is under way', async () => {
      rig.close();
      rig = newRig();
      await expect(
        Promise.all([run('set', ['k', 'v'], { timeoutMs: 20 }), rig.pass(60)]),
      ).rejects.toMatchObject({ code: 'NO_PRIMARY' });
      await rig.pass(60);
      const before = rig.clock.pending;
      await rig.pass(100);
      expect(rig.clock.pending).toBe(before);
    });
  });

  describe('lost connections', () => {
    it('repeats an idempotent write whose answer was lost', async () => {
      await connect();
      primary.answer = (_, connection) => {
        primary.answer = () => undefined;
        connection.reset();
        return reply.silence();
      };
      const write = track(run('set', ['k', 'v']));
      await rig.pass(50);
      expect(write).toMatchObject({ state: 'resolved', value: 'OK' });
      expect(primary.names).toEqual(['set', 'set']);
      expect(rig.router.waiting).toEqual({ reads: 0, writes: 0 });
      expect(rig.router.pending).toBe(0);
    });

    it('leaves nothing counted as waiting after many writes were repeated', async () => {
      await connect();
      primary.freeze();
      const writes = Array.from({ length: 50 }, (_, n) => run('set', [`k${String(n)}`, 'v']));
      const all = Promise.all(writes);
      await rig.until(() => primary.arrived('set') >= 49, 'the writes arrive');
      primary.server.resetConnections();
      primary.thaw();
      await rig.pass(200);
      await all;
      expect(rig.router.pending).toBe(0);
      expect(rig.router.waiting).toEqual({ reads: 0, writes: 0 });
      // Each once when they were lost, each once more afterwards, and never a third time.
      const kept = primary.received.filter(([name]) => name === 'set').length;
      expect(kept).toBeLessThanOrEqual(100);
    });

    it.each([
      ['incr', ['k']],
      ['lpush', ['list', 'x']],
      ['publish', ['channel', 'message']],
      ['set', ['k', 'v', 'NX']],
      ['eval', ['return 1', 0]],
    ])('reports a lost %s %j as uncertain and never repeats it', async (name, args) => {
      await connect();
      primary.answer = (_, connection) => {
        connection.reset();
        return reply.silence();
      };
      await expect(run(name, args)).rejects.toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      await rig.until(() => rig.tracker.isWritable, 'the primary is back');
      primary.answer = () => undefined;
      await run('del', ['other']);
      expect(primary.names).toEqual([name, 'del']);
      expect(uncertain()).toEqual([name]);
    });

    it.each(['shutdown', 'failover', 'replicaof', 'debug'])(
      'never repeats %s, whose success looks like a lost connection',
      async (name) => {
        await connect();
        primary.answer = ([command], connection) => {
          if (command !== name) return undefined;
          connection.reset();
          return reply.silence();
        };
        const outcome = track(run(name, ['x', 'y'], { timeoutMs: 200 }));
        await rig.until(() => primary.names.length > 0, 'it arrives');
        await rig.until(() => rig.tracker.isWritable, 'the primary is back');
        await rig.pass(50);
        expect(primary.names).toEqual([name]);
        expect(outcome.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      },
    );

    it('repeats even an INCR when its caller says that this is harmless', async () => {
      await connect();
      primary.answer = (_, connection) => {
        primary.answer = () => reply.int(1);
        connection.reset();
        return reply.silence();
      };
      const write = track(run('incr', ['k'], { idempotent: true }));
      await rig.pass(50);
      expect(write).toMatchObject({ state: 'resolved', value: 1 });
    });

    it('repeats no write at all when retryUncertain is off', async () => {
      restart({ routing: { retryUncertain: false } });
      await connect();
      primary.answer = (_, connection) => {
        connection.reset();
        return reply.silence();
      };
      await expect(run('set', ['k', 'v'])).rejects.toMatchObject({ code: 'COMMAND_UNCERTAIN' });
    });

    it('asks another node for a read whose answer was lost', async () => {
      await connect();
      replica.answer = (_, connection) => {
        connection.reset();
        return reply.silence();
      };
      primary.answer = () => reply.bulk('value');
      await expect(run('get', ['k'])).resolves.toBe('value');
      expect(primary.names).toEqual(['get']);
    });

    it('sends waiting writes to the new primary in their order', async () => {
      await connect();
      await run('set', ['k', 'warm']);
      await primary.stop();
      await rig.until(() => !rig.tracker.isWritable, 'the loss is seen');
      const all = Promise.all([1, 2, 3].map((n) => run('incr', [`k${String(n)}`])));
      await failOver();
      await all;
      expect(replica.received.map((command) => command[1])).toEqual(['k1', 'k2', 'k3']);
    });

    it('uses no answer of the old primary once another is named', async () => {
      await connect();
      primary.freeze();
      const write = track(run('incr', ['k']));
      await rig.until(() => primary.arrived('incr') === 1, 'the write arrives');
      await failOver();
      primary.thaw();
      await rig.until(() => write.state !== 'pending', 'the write is over');
      expect(write.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
    });
  });

  describe('stalled nodes', () => {
    it('asks another node when the first does not answer for too long, and takes the first answer', async () => {
      await connect();
      replica.freeze();
      primary.answer = () => reply.bulk('from the primary');
      const read = track(run('get', ['k']));
      await rig.until(() => replica.arrived('get') === 1, 'the replica has the read');
      await rig.pass(160);
      await rig.until(() => read.state !== 'pending', 'the read is answered');
      expect(read.value).toBe('from the primary');
      replica.thaw();
      await rig.pass(60);
      expect(rig.tracker.replicas[0]?.isStalled).toBe(false);
      expect(rig.router.pending).toBe(0);
      expect(rig.router.waiting.reads).toBe(0);
    });

    it('sends no further command to a stalled node until it answers', async () => {
      await connect();
      primary.freeze();
      void run('incr', ['a']).catch(() => undefined);
      await rig.until(() => primary.arrived('incr') === 1, 'the first arrives');
      await rig.pass(160);
      const second = track(run('incr', ['b']));
      await rig.pass(50);
      expect(primary.arrived('incr')).toBe(1);
      primary.thaw();
      await turns(5);
      await rig.pass(60);
      await rig.until(() => second.state === 'resolved', 'the second is answered');
    });
  });

  describe('refusals', () => {
    const refuse = (text: string): FakeReply => reply.error(text);

    it.each([
      'NOREPLICAS Not enough good replicas to write.',
      'LOADING Redis is loading the dataset in memory',
      'MASTERDOWN Link with MASTER is down',
      'BUSY Redis is busy running a script.',
    ])('sends a write again that was refused with %s', async (text) => {
      await connect();
      let refusals = 3;
      primary.answer = () => (refusals-- > 0 ? refuse(text) : undefined);
      const write = track(run('incr', ['k']));
      await rig.pass(100);
      expect(write).toMatchObject({ state: 'resolved', value: 'OK' });
      expect(primary.names).toEqual(['incr', 'incr', 'incr', 'incr']);
    });

    it('sends one write first while the node refuses, and then the rest in order', async () => {
      await connect();
      await run('incr', ['warm']);
      primary.received.length = 0;
      let isRefusing = true;
      let atOnce = 0;
      let most = 0;
      primary.answer = async () => {
        most = Math.max(most, ++atOnce);
        await turns(2);
        atOnce--;
        return isRefusing ? refuse('NOREPLICAS Not enough good replicas to write.') : undefined;
      };
      const writes = [1, 2, 3, 4, 5].map((n) => run('incr', [`k${String(n)}`]));
      const all = Promise.all(writes);
      await rig.until(() => primary.received.length >= 5, 'all were sent once');
      await rig.pass(50);
      const firstWrites = primary.received.slice(5).map((command) => command[1]);
      expect(firstWrites.length).toBeGreaterThan(1);
      expect(new Set(firstWrites)).toEqual(new Set(['k1']));
      isRefusing = false;
      const before = primary.received.length;
      await rig.pass(50);
      await all;
      const accepted = primary.received.slice(before).map((command) => command[1]);
      expect(accepted.slice(-5)).toEqual(['k1', 'k2', 'k3', 'k4', 'k5']);
      expect(rig.router.waiting.writes).toBe(0);
    });

    it('looks for the primary when a node answers READONLY, and sends the write there', async () => {
      await connect();
      await run('set', ['k', 'warm']);
      primary.answer = () => refuse("READONLY You can't write against a read only replica.");
      primary.follow(replica);
      const write = track(run('incr', ['k']));
      await rig.until(() => rig.source.lookedAgain > 0, 'the Sentinels are asked');
      await rig.pass(50);
      expect(write.state).toBe('pending');
      await failOver();
      await rig.pass(50);
      expect(write).toMatchObject({ state: 'resolved' });
      expect(replica.names).toEqual(['incr']);
    });

    it('asks the next node when a replica is not ready to answer a read', async () => {
      await connect();
      replica.answer = () => refuse('LOADING Redis is loading the dataset in memory');
      primary.answer = () => reply.bulk('value');
      await expect(run('get', ['k'])).resolves.toBe('value');
    });

    it('pauses between attempts at a read that every node refuses', async () => {
      await connect();
      const loading = (): FakeReply => refuse('LOADING Redis is loading the dataset in memory');
      primary.answer = loading;
      replica.answer = loading;
      const read = track(run('get', ['k']));
      await rig.until(() => primary.names.length > 0, 'both were asked');
      await turns(300);
      // The clock stands still, so each node can have been asked once or twice, not for ever.
      expect(primary.names.length + replica.names.length).toBeLessThanOrEqual(4);
      await rig.pass(300);
      expect(read.state).toBe('rejected');
    });
  });

  describe('the queue', () => {
    it('refuses commands beyond its limit with QUEUE_FULL, at once', async () => {
      restart({ routing: { maxQueuedCommands: 2 } });
      const waiting = [run('incr', ['a']), run('incr', ['b'])].map(track);
      await expect(run('incr', ['c'])).rejects.toMatchObject({
        code: 'QUEUE_FULL',
        details: { waiting: 2, maxQueuedCommands: 2 },
      });
      await connect();
      await rig.until(() => waiting.every(({ state }) => state === 'resolved'), 'two are run');
      await expect(run('incr', ['d'])).resolves.toBe('OK');
    });

    it('is bounded by bytes too', async () => {
      restart({ routing: { maxQueuedBytes: 1000 } });
      void run('set', ['a', 'x'.repeat(600)]).catch(() => undefined);
      await expect(run('set', ['b', 'x'.repeat(600)])).rejects.toMatchObject({
        code: 'QUEUE_FULL',
      });
    });

    it('accepts commands again when those that waited have expired', async () => {
      restart({ routing: { maxQueuedCommands: 1 } });
      const first = track(run('incr', ['a'], { timeoutMs: 20 }));
      await rig.pass(50);
      expect(first.state).toBe('rejected');
      const second = track(run('incr', ['b']));
      await turns(1);
      expect(second.state).toBe('pending');
    });
  });

  describe('more than the nodes take at once', () => {
    it('waits without being looked through at each answer', async () => {
      await connect();
      const looks = jest.spyOn(ReadNodes.prototype, 'pick');
      const calls = 12_000;
      const reads = Array.from({ length: calls }, () =>
        run('get', ['k'], { readPolicy: 'primary' }),
      );
      expect(rig.router.waiting.reads).toBe(calls - 10_000);
      await rig.until(() => rig.router.pending === 0, 'all are answered');
      await Promise.all(reads);
      // One look when it was made, and at most one at each answer.
      expect(looks.mock.calls.length).toBeLessThanOrEqual(3 * calls);
      looks.mockRestore();
    });

    it('pauses when a socket takes nothing, instead of handing reads from node to node', async () => {
      await connect();
      const broken = new Error("Stream isn't writeable and enableOfflineQueue options is false");
      const send = jest.spyOn(Wire.prototype, 'send').mockImplementation((...[, , , sink]) => {
        sink.onFailure(broken);
      });
      const read = track(run('get', ['k'], { timeoutMs: 1000 }));
      const write = track(run('set', ['k', 'v'], { timeoutMs: 1000 }));
      await rig.pass(200);
      expect(send.mock.calls.length).toBeLessThan(100);
      send.mockRestore();
      await rig.pass(50);
      await rig.until(() => read.state !== 'pending' && write.state !== 'pending', 'both are over');
      expect([read.value, write.value]).toEqual(['OK', 'OK']);
    });
  });

  describe('AbortSignal', () => {
    it('refuses at once when it has fired already', async () => {
      await connect();
      const signal = AbortSignal.abort(new Error('changed my mind'));
      await expect(run('set', ['k', 'v'], { signal })).rejects.toMatchObject({
        code: 'COMMAND_ABORTED',
        cause: { message: 'changed my mind' },
      });
      expect(primary.names).toEqual([]);
    });

    it('aborts a waiting command, which is then never sent', async () => {
      const controller = new AbortController();
      const write = track(run('incr', ['k'], { signal: controller.signal }));
      controller.abort();
      await turns(1);
      expect(write.error).toMatchObject({ code: 'COMMAND_ABORTED' });
      expect(rig.router.waiting.writes).toBe(0);
      await connect();
      await run('set', ['other', 'v']);
      expect(primary.names).toEqual(['set']);
    });

    it('reports a write that was sent already as uncertain', async () => {
      await connect();
      primary.freeze();
      const controller = new AbortController();
      const write = track(run('incr', ['k'], { signal: controller.signal }));
      await rig.until(() => primary.arrived('incr') === 1, 'it arrives');
      controller.abort();
      await turns(1);
      expect(write.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
    });

    it('reports a read that was sent already as aborted', async () => {
      await connect([]);
      primary.freeze();
      const controller = new AbortController();
      const read = track(run('get', ['k'], { signal: controller.signal }));
      await rig.until(() => primary.arrived('get') === 1, 'it arrives');
      controller.abort();
      await turns(1);
      expect(read.error).toMatchObject({ code: 'COMMAND_ABORTED' });
    });

    it('holds up no other write when the first write is aborted before it is sent', async () => {
      await connect();
      primary.answer = () => reply.error('NOREPLICAS Not enough good replicas to write.');
      const refused = track(run('incr', ['x'], { timeoutMs: 30 }));
      await rig.pass(60);
      expect(refused.state).toBe('rejected');
      primary.answer = () => undefined;
      const controller = new AbortController();
      const first = track(run('incr', ['a'], { signal: controller.signal }));
      controller.abort();
      const second = track(run('incr', ['b'], { timeoutMs: 500 }));
      await rig.pass(600);
      expect(first.error).toMatchObject({ code: 'COMMAND_ABORTED' });
      expect(second).toMatchObject({ state: 'resolved', value: 'OK' });
    });

    it('leaves no listener on the signal of a command that is over', async () => {
      await connect();
      const { signal } = new AbortController();
      const add = jest.spyOn(signal, 'addEventListener');
      const remove = jest.spyOn(signal, 'removeEventListener');
      await run('set', ['k', 'v'], { signal });
      expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
    });
  });

  describe('arguments that cannot be sent', () => {
    // String(value) throws for these.
    const impossible = (): unknown => Object.create(null);

    it('rejects the command and lets the others of the same turn pass', async () => {
      await connect();
      await run('set', ['k', 'warm']);
      const before = track(run('set', ['a', '1']));
      const bad = track(run('set', ['b', impossible()], { timeoutMs: 100 }));
      const after = track(run('set', ['c', '3'], { timeoutMs: 100 }));
      await rig.pass(200);
      expect([before.state, bad.state, after.state]).toEqual(['resolved', 'rejected', 'resolved']);
      expect(rig.tracker.primary?.inflight).toBe(0);
    });

    it('never leaves a transaction open on the shared connection', async () => {
      await connect();
      await run('set', ['k', 'warm']);
      const command = (name: string, ...args: unknown[]) => ({
        name,
        args,
        encoding: 'utf8' as const,
      });
      const batch = track(
        rig.runner.runTransaction([command('set', 'a', '1'), command('set', 'b', impossible())], {
          timeoutMs: 100,
        }),
      );
      await rig.pass(200);
      expect(batch.state).toBe('rejected');
      const begun = primary.names.filter((name) => name === 'multi').length;
      const ended = primary.names.filter((name) => name === 'exec' || name === 'discard').length;
      expect(begun).toBe(ended);
    });
  });

  describe('the fence', () => {
    it('holds writes back while a replica is being promoted and lets reads pass', async () => {
      await connect();
      await run('incr', ['warm']);
      rig.source.publish({ kind: 'member', step: '+selected-slave', node: replica.address });
      const write = track(run('incr', ['k']));
      await expect(run('get', ['k'])).resolves.toBe('OK');
      await rig.pass(50);
      expect(write.state).toBe('pending');
      expect(primary.names).toEqual(['incr']);
      await failOver();
      await rig.until(() => write.state === 'resolved', 'the write is run');
      expect(replica.names).toContain('incr');
    });
  });

  describe('pipelines', () => {
    const command = (name: string, ...args: unknown[]) => ({
      name,
      args,
      encoding: 'utf8' as const,
    });

    it('gives each command its own error or result', async () => {
      await connect();
      primary.answer = ([name]) => (name === 'incr' ? refuseIncr() : undefined);
      const refuseIncr = (): FakeReply => reply.error('ERR value is not an integer');
      const results = await rig.runner.runPipeline(
        [command('set', 'a', '1'), command('incr', 'a'), command('subscribe', 'x')],
        null,
      );
      expect(results[0]).toEqual([null, 'OK']);
      expect(results[1]?.[0]).toMatchObject({ code: 'COMMAND_REJECTED' });
      expect(results[2]?.[0]).toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('reads what it has just written, also when it was made before there was a primary', async () => {
      const commands = [command('set', 'a', '1'), command('set', 'b', '2'), command('get', 'b')];
      const stored = new Map<string, string>();
      primary.answer = ([name = '', key = '', value = '']) => {
        if (name === 'get') return reply.bulk(stored.get(key) ?? 'nothing');
        stored.set(key, value);
        return undefined;
      };
      const results = rig.runner.runPipeline(commands, { timeoutMs: 1000 });
      await connect();
      expect((await results).at(-1)).toEqual([null, '2']);
    });

    it('reads what it has just written as the first thing on a new connection', async () => {
      await connect();
      const commands = [command('set', 'a', '1'), command('set', 'b', '2'), command('get', 'b')];
      await rig.runner.runPipeline(commands, { timeoutMs: 1000 });
      expect(primary.names).toEqual(['set', 'set', 'get']);
    });

    it('goes to replicas as a whole when it only reads', async () => {
      await connect();
      await rig.runner.runPipeline([command('get', 'a'), command('get', 'b')], null);
      expect(replica.names).toEqual(['get', 'get']);
    });
  });

  describe('transactions', () => {
    const command = (name: string, ...args: unknown[]) => ({
      name,
      args,
      encoding: 'utf8' as const,
    });
    const transaction = [command('incr', 'a'), command('get', 'a')];

    it('writes MULTI, the commands and EXEC without a gap, and gives the replies', async () => {
      await connect();
      primary.answer = ([name]) => {
        if (name === 'exec') return reply.array(reply.int(1), '1');
        return name === 'multi' ? undefined : reply.simple('QUEUED');
      };
      const other = run('set', ['x', '1']);
      const results = await rig.runner.runTransaction(transaction, null);
      await other;
      expect(results).toEqual([
        [null, 1],
        [null, '1'],
      ]);
      expect(primary.names).toEqual(['set', 'multi', 'incr', 'get', 'exec']);
    });

    it('is run again as a whole when the node could not take writes', async () => {
      await connect();
      let isRefusing = true;
      primary.answer = ([name]) => {
        if (name === 'multi') return undefined;
        if (name === 'exec') {
          if (!isRefusing) return reply.array(reply.int(1), '1');
          isRefusing = false;
          return reply.error('EXECABORT Transaction discarded because of previous errors.');
        }
        if (isRefusing && name === 'incr') return reply.error('NOREPLICAS Not enough replicas');
        return reply.simple('QUEUED');
      };
      const done = track(rig.runner.runTransaction(transaction, null));
      await rig.pass(100);
      expect(done.state).toBe('resolved');
      expect(primary.names.filter((name) => name === 'exec')).toHaveLength(2);
    });

    it('is rejected when one of its commands is', async () => {
      await connect();
      primary.answer = ([name]) => {
        if (name === 'exec') return reply.error('EXECABORT Transaction discarded');
        return name === 'incr' ? reply.error('ERR wrong number of arguments') : undefined;
      };
      await expect(rig.runner.runTransaction(transaction, null)).rejects.toMatchObject({
        code: 'COMMAND_REJECTED',
        details: { reply: 'EXECABORT' },
      });
    });

    it('is uncertain when its answer is lost', async () => {
      await connect();
      primary.answer = ([name], connection) => {
        if (name !== 'exec') return undefined;
        connection.reset();
        return reply.silence();
      };
      await expect(rig.runner.runTransaction(transaction, null)).rejects.toMatchObject({
        code: 'COMMAND_UNCERTAIN',
      });
    });

    it('resolves an empty one without asking a node, and refuses commands that may not be in one', async () => {
      await expect(rig.runner.runTransaction([], null)).resolves.toEqual([]);
      await expect(rig.runner.runTransaction([command('watch', 'k')], null)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });
  });

  describe('under any sequence of losses, refusals and switches', () => {
    it.each([1, 2, 3, 4, 5])(
      'executes what may not be repeated at most once, and what it confirms for certain (seed %i)',
      async (seed) => {
        let x = seed;
        const below = (n: number): number => {
          x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
          return x % n;
        };
        const executed = new Map<string, number>();
        const execute = (key: string): undefined => {
          executed.set(key, (executed.get(key) ?? 0) + 1);
        };
        for (const node of nodes) {
          node.answer = ([name = '', key = ''], connection) => {
            if (name === 'get') return below(5) === 0 ? reply.error('LOADING wait') : undefined;
            switch (below(20)) {
              case 0:
                connection.reset();
                return reply.silence();
              case 1:
                execute(key);
                connection.reset();
                return reply.silence();
              case 2:
              case 3:
                return reply.error('NOREPLICAS Not enough good replicas to write.');
              default:
                return execute(key);
            }
          };
        }
        await connect();
        let [from, to] = [primary, replica];
        const switchOver = (epoch: number): void => {
          to.role = 'master';
          from.follow(to);
          rig.source.say(to, epoch, [from]);
          [from, to] = [to, from];
        };
        const outcomes = new Map<string, { state: string; error?: unknown }>();
        for (let round = 0; round < 40; round++) {
          for (let i = 0; i < 5; i++) {
            const key = `${String(round)}-${String(i)}`;
            outcomes.set(`incr ${key}`, track(run('incr', [`incr ${key}`], { timeoutMs: 2000 })));
            outcomes.set(`set ${key}`, track(run('set', [`set ${key}`, 1], { timeoutMs: 2000 })));
            void run('get', [key]).catch(() => undefined);
          }
          if (round % 8 === 7) switchOver(2 + round);
          await rig.pass(10);
        }
        await rig.pass(2500);
        const of = (key: string): number => executed.get(key) ?? 0;
        for (const [key, { state, error }] of outcomes) {
          const times = of(key);
          if (state === 'resolved') expect([key, times >= 1]).toEqual([key, true]);
          else
            expect([key, state, (error as { code: string }).code]).toEqual([
              key,
              'rejected',
              times === 0 && key.startsWith('set') ? 'NO_PRIMARY' : 'COMMAND_UNCERTAIN',
            ]);
          if (key.startsWith('incr')) expect([key, times <= 1]).toEqual([key, true]);
        }
        expect(rig.router.pending).toBe(0);
        expect(rig.router.waiting).toEqual({ reads: 0, writes: 0 });
        expect(rig.tracker.primary?.inflight ?? 0).toBe(0);
      },
    );
  });

  describe('close', () => {
    it('settles everything: what waits, what was sent, and what comes later', async () => {
      await connect();
      await run('incr', ['warm']);
      primary.freeze();
      replica.freeze();
      const sent = track(run('incr', ['a']));
      const read = track(run('get', ['a']));
      await rig.until(() => primary.arrived('incr') === 2, 'the write arrives');
      rig.source.publish({ kind: 'member', step: '+selected-slave', node: null });
      const waiting = track(run('incr', ['b']));
      const closing = rig.router.close(200);
      await turns(2);
      expect(waiting.error).toMatchObject({ code: 'CLOSED' });
      await expect(run('get', ['late'])).rejects.toMatchObject({ code: 'CLOSED' });
      await rig.pass(230);
      await closing;
      expect(sent.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(['CLOSED', 'COMMAND_TIMEOUT']).toContain((read.error as { code: string }).code);
      expect(rig.router.pending).toBe(0);
    });

    it('lets what is under way finish first', async () => {
      await connect();
      await run('incr', ['warm']);
      primary.freeze();
      const sent = track(run('incr', ['a']));
      await rig.until(() => primary.arrived('incr') === 2, 'the write arrives');
      const closing = track(rig.router.close(1000));
      primary.thaw();
      await rig.until(() => sent.state === 'resolved', 'the write is answered');
      await rig.pass(20);
      expect(closing.state).toBe('resolved');
    });

    it('resolves at once when nothing is under way', async () => {
      await expect(rig.router.close(1000)).resolves.toBeUndefined();
    });
  });
});
