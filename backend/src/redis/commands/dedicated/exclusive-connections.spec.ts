import { newRig, track, turns, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { reply, type FakeConnection } from '../../testing/index.js';
import type { CallOptions } from '../table/call-options.js';
import { withExclusive, type ExclusiveConnection } from './exclusive-connection.js';

/** What runs on a lent connection: blocking commands and the work of `redis.exclusive()`. */
describe('on a lent connection', () => {
  let rig: Rig;
  let primary: FakeNode;
  let replica: FakeNode;

  beforeEach(async () => {
    primary = await FakeNode.start();
    replica = await FakeNode.start();
    replica.follow(primary);
    rig = newRig({ routing: { writeTimeoutMs: 1000 } });
  });

  afterEach(async () => {
    rig.close();
    await Promise.all([primary.stop(), replica.stop()]);
  });

  const connect = async (): Promise<void> => {
    rig.source.say(primary, 1, [replica]);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all nodes are connected',
    );
  };

  const failOver = async (): Promise<void> => {
    replica.role = 'master';
    rig.source.say(replica, 2, []);
    await rig.until(() => rig.tracker.isWritable, 'the new primary takes writes');
  };

  const fence = (): void => {
    rig.source.publish({ kind: 'member', step: '+selected-slave', node: replica.address });
  };

  describe('a blocking command', () => {
    const run = (
      name: string,
      args: readonly unknown[],
      options: CallOptions | null = null,
    ): Promise<unknown> => rig.runner.run(name, args, 'utf8', options);

    /** Holds back the replies to blocking commands until the returned function is called. */
    const hold = (node: FakeNode): ((answer?: string) => void) => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      node.answer = async ([name]) => {
        if (name !== 'blpop') return undefined;
        await held;
        return reply.array('list', 'item');
      };
      return () => release();
    };

    it('does not hold up others while it waits', async () => {
      await connect();
      const release = hold(primary);
      const waiting = track(run('blpop', ['list', 0]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      await expect(run('set', ['k', 'v'])).resolves.toBe('OK');
      expect(waiting.state).toBe('pending');
      release();
      await rig.until(() => waiting.state === 'resolved', 'it is answered');
      expect(waiting.value).toEqual(['list', 'item']);
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('ends with a known outcome when the fence goes up, and is sent again to the new primary', async () => {
      await connect();
      let waiter: FakeConnection | null = null;
      primary.answer = (_, connection) => {
        waiter = connection;
        return reply.silence();
      };
      primary.override = (command) => {
        if (command[0] !== 'client' || command[1] !== 'unblock') return undefined;
        waiter?.send(reply.error('UNBLOCKED client unblocked via CLIENT UNBLOCK'));
        return reply.int(1);
      };
      const waiting = track(run('blpop', ['list', 0]));
      await rig.until(() => waiter !== null, 'it waits in the server');
      fence();
      replica.answer = () => reply.array('list', 'item');
      await rig.until(() => primary.server.connections.length === 1, 'its connection is given up');
      expect(waiting.state).toBe('pending');
      await failOver();
      await rig.until(() => waiting.state !== 'pending', 'it is over');
      expect(waiting).toMatchObject({ state: 'resolved', value: ['list', 'item'] });
      expect(primary.names).toEqual(['blpop']);
    });

    it('is uncertain when its connection is lost, because an element may have been taken', async () => {
      await connect();
      hold(primary);
      const waiting = track(run('blpop', ['list', 0]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      primary.server.resetConnections();
      await rig.until(() => waiting.state !== 'pending', 'it is over');
      expect(waiting.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(rig.events).toContainEqual(
        expect.objectContaining({ type: 'command.uncertain', command: 'blpop' }),
      );
    });

    it('that only reads is sent again when its connection is lost', async () => {
      await connect();
      primary.answer = (_, connection) => {
        primary.answer = () => reply.array('entry');
        connection.reset();
        return reply.silence();
      };
      const waiting = track(run('xread', ['BLOCK', 0, 'STREAMS', 's', '$']));
      await rig.until(() => primary.names.length > 0, 'it arrives');
      await rig.pass(100);
      expect(waiting).toMatchObject({ state: 'resolved', value: ['entry'] });
    });

    it('waits for as long as it says and the time of a failover, and no longer', async () => {
      await connect();
      hold(primary);
      const waiting = track(run('blpop', ['list', 2]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      await rig.pass(2950);
      expect(waiting.state).toBe('pending');
      await rig.pass(100);
      expect(waiting.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('waits for a primary, and reports NO_PRIMARY when there is none in time', async () => {
      const waiting = track(run('blpop', ['list', 1]));
      await rig.pass(2100);
      expect(waiting.error).toMatchObject({ code: 'NO_PRIMARY' });
      expect(rig.clock.pending).toBeLessThanOrEqual(1);
    });

    it('passes on the error of Redis', async () => {
      await connect();
      primary.answer = () => reply.error('WRONGTYPE no list');
      await expect(run('blpop', ['k', 1])).rejects.toMatchObject({
        code: 'COMMAND_REJECTED',
        details: { reply: 'WRONGTYPE' },
      });
    });

    it('is aborted by its signal, which closes its connection', async () => {
      await connect();
      hold(primary);
      const controller = new AbortController();
      const waiting = track(run('blpop', ['list', 0], { signal: controller.signal }));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      controller.abort();
      await rig.until(() => waiting.state !== 'pending', 'it is over');
      expect(waiting.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('is not sent when its signal fires while a connection is being opened', async () => {
      await connect();
      primary.freeze();
      const controller = new AbortController();
      const before = primary.server.connectionsEver;
      const waiting = track(run('blpop', ['list', 0], { signal: controller.signal }));
      await rig.until(() => primary.server.connectionsEver > before, 'the connection is opened');
      controller.abort();
      primary.thaw();
      await rig.pass(50);
      expect(primary.names).not.toContain('blpop');
      expect(waiting.error).toMatchObject({ code: 'COMMAND_ABORTED' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('is aborted by its signal while all connections are in use', async () => {
      await connect();
      hold(primary);
      const busy = [1, 2].map(() => track(run('blpop', ['list', 0])));
      await rig.until(() => primary.arrived('blpop') === 2, 'both arrive');
      const controller = new AbortController();
      const waiting = track(run('blpop', ['list', 0], { signal: controller.signal }));
      await turns(3);
      controller.abort();
      await rig.pass(50);
      expect(waiting.error).toMatchObject({ code: 'COMMAND_ABORTED' });
      expect(busy.map(({ state }) => state)).toEqual(['pending', 'pending']);
    });

    it('survives a failover while it waits for a free connection', async () => {
      await connect();
      hold(primary);
      const busy = [1, 2].map(() => track(run('blpop', ['list', 0])));
      await rig.until(() => primary.arrived('blpop') === 2, 'both arrive');
      const waiting = track(run('blpop', ['list', 0], { timeoutMs: 5000 }));
      await turns(3);
      replica.answer = () => reply.array('list', 'item');
      await failOver();
      await rig.pass(100);
      expect(busy.map(({ error }) => error)).toMatchObject([
        { code: 'COMMAND_UNCERTAIN' },
        { code: 'COMMAND_UNCERTAIN' },
      ]);
      expect(waiting).toMatchObject({ state: 'resolved', value: ['list', 'item'] });
    });
  });

  describe('an exclusive connection', () => {
    const exclusive = <T>(work: (own: ExclusiveConnection) => Promise<T>): Promise<T> =>
      withExclusive(work, rig.loans, rig.clock, 1000);

    it('runs everything on one connection, which the next caller gets', async () => {
      await connect();
      const result = await exclusive(async (own) => {
        await own.set('k', 'v');
        return own.wait(1, 100);
      });
      expect(result).toBe('OK');
      expect(primary.names).toEqual(['set', 'wait']);
      expect(rig.tracker.primary?.pool.busy).toBe(0);
      await exclusive(async (own) => own.get('k'));
      expect(primary.server.connections).toHaveLength(2);
    });

    it.each([
      ['by unwatch', (own: ExclusiveConnection) => own.unwatch()],
      ['by a transaction', (own: ExclusiveConnection) => own.multi().incr('k').exec()],
    ])('is lent again when its watched keys were forgotten %s', async (_, forget) => {
      await connect();
      primary.answer = ([name]) => (name === 'exec' ? reply.array(reply.int(1)) : undefined);
      await exclusive(async (own) => {
        await own.watch('k');
        await forget(own);
      });
      await exclusive(async (own) => own.get('k'));
      expect(primary.server.connectionsEver).toBe(2);
    });

    it('is not lent again while it still watches keys', async () => {
      await connect();
      await exclusive(async (own) => own.watch('k'));
      await exclusive(async (own) => own.get('k'));
      const ofNext = primary.server.connections.find(({ commands }) =>
        commands.some(([name]) => name === 'get'),
      );
      expect(ofNext?.commands.some(([name]) => name === 'watch')).toBe(false);
    });

    it('resolves a transaction with null when a watched key changed', async () => {
      await connect();
      primary.answer = ([name]) => {
        if (name === 'exec') return reply.raw('*-1\r\n');
        return name === 'incr' ? reply.simple('QUEUED') : undefined;
      };
      await expect(exclusive((own) => own.multi().incr('k').exec())).resolves.toBeNull();
    });

    it('is closed when the work fails', async () => {
      await connect();
      await expect(
        exclusive(async (own) => {
          await own.watch('k');
          throw new TypeError('work failed');
        }),
      ).rejects.toThrow('work failed');
      expect(rig.tracker.primary?.pool.busy).toBe(0);
      await rig.until(() => primary.server.connections.length === 1, 'its connection is gone');
    });

    it.each(['subscribe', 'select', 'multi', 'client'])('refuses %s', async (name) => {
      await connect();
      const args = name === 'client' ? ['reply', 'off'] : ['1'];
      await expect(exclusive((own) => own.call(name, ...args))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });

    it('holds back its writes while the fence is up, and reports that it is lost after the switch', async () => {
      await connect();
      const outcome = track(
        exclusive(async (own) => {
          await own.get('k');
          fence();
          return own.incr('k');
        }),
      );
      await rig.until(() => rig.tracker.gate.state.kind === 'paused', 'the fence is up');
      await rig.pass(50);
      expect(outcome.state).toBe('pending');
      await failOver();
      await rig.until(() => outcome.state !== 'pending', 'the work is over');
      expect(outcome.error).toMatchObject({ code: 'CONNECTION_LOST' });
      expect([...primary.names, ...replica.names]).not.toContain('incr');
    });

    it('reports a write whose answer was lost as uncertain, and repeats nothing', async () => {
      await connect();
      primary.answer = ([name], connection) => {
        if (name !== 'set') return undefined;
        connection.reset();
        return reply.silence();
      };
      await expect(exclusive((own) => own.set('k', 'v'))).rejects.toMatchObject({
        code: 'COMMAND_UNCERTAIN',
      });
      expect(primary.names.filter((name) => name === 'set')).toHaveLength(1);
    });

    it('has succeeded when its work is done, whatever happens while it is given back', async () => {
      await connect();
      const outcome = track(
        exclusive(async (own) => {
          await own.incr('k');
          fence();
          return 'done';
        }),
      );
      await rig.until(() => rig.tracker.gate.state.kind === 'paused', 'the fence is up');
      await failOver();
      await rig.pass(1100);
      expect(outcome).toMatchObject({ state: 'resolved', value: 'done' });
    });

    it('waits for a primary, and reports NO_PRIMARY when there is none in time', async () => {
      const outcome = track(exclusive(async () => 'never'));
      await rig.pass(1050);
      expect(outcome.error).toMatchObject({ code: 'NO_PRIMARY' });
    });
  });

  describe('PrimaryLoans', () => {
    it('refuse the callers that wait when the application shuts down, and those that come later', async () => {
      const waiting = track(rig.loans.whenWritable(1000));
      rig.loans.close();
      await turns(1);
      expect(waiting.error).toMatchObject({ code: 'CLOSED' });
      await expect(rig.loans.acquire(1000)).rejects.toMatchObject({ code: 'CLOSED' });
      await rig.pass(50);
      rig.tracker.close();
      expect(rig.clock.pending).toBe(0);
    });

    it('do not wait for a signal that has fired already', async () => {
      const outcome = track(rig.loans.whenWritable(60_000, AbortSignal.abort()));
      await turns(2);
      expect(outcome.state).toBe('rejected');
    });
  });
});
