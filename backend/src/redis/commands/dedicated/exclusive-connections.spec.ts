import { newRig, track, turns, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { reply, type FakeConnection } from '../../testing/index.js';
import type { CallOptions } from '../table/call-options.js';
import type { ExclusiveConnection } from './exclusive-connection.js';
import { withExclusive } from './with-exclusive.js';

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

    /** Lets blocking commands wait until they are unblocked, as a server does. Returns how many wait. */
    const unblockable = (node: FakeNode): (() => number) => {
      const waiting = new Map<string, FakeConnection>();
      const idOf = (connection: FakeConnection): string =>
        String(1000 + node.server.connections.indexOf(connection));
      const ids = new Map<FakeConnection, string>();
      node.answer = ([name], connection) => {
        if (name !== 'blpop') return undefined;
        waiting.set(ids.get(connection) ?? '', connection);
        return reply.silence();
      };
      node.override = ([name, sub, id = ''], connection) => {
        if (name !== 'client') return undefined;
        if (sub === 'id') {
          ids.set(connection, idOf(connection));
          return reply.int(Number(idOf(connection)));
        }
        if (sub !== 'unblock') return undefined;
        const waiter = waiting.get(id);
        waiting.delete(id);
        waiter?.send(reply.error('UNBLOCKED client unblocked via CLIENT UNBLOCK'));
        return reply.int(waiter === undefined ? 0 : 1);
      };
      return () => waiting.size;
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

    it('waits for as long as it says and the time of a failover, and then ends with certainty', async () => {
      await connect();
      unblockable(primary);
      const waiting = track(run('blpop', ['list', 2]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      await rig.pass(2950);
      expect(waiting.state).toBe('pending');
      await rig.pass(100);
      expect(waiting.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('is cut when its deadline has passed and its wait cannot be ended, and is uncertain then', async () => {
      await connect();
      hold(primary);
      const waiting = track(run('blpop', ['list', 2]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      await rig.pass(3150);
      expect(waiting.state).toBe('pending');
      await rig.pass(100);
      expect(waiting.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('may wait longer than a timer of Node.js can', async () => {
      await connect();
      hold(primary);
      const waiting = track(run('blpop', ['list', 3_000_000]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      await rig.pass(1000);
      expect(waiting.state).toBe('pending');
    });

    it('keeps the process alive while it waits, and not afterwards', async () => {
      await connect();
      const release = hold(primary);
      const before = rig.clock.held;
      const waiting = track(run('blpop', ['list', 0]));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      expect(rig.clock.held).toBeGreaterThan(before);
      release();
      await rig.until(() => waiting.state === 'resolved', 'it is answered');
      expect(rig.clock.held).toBe(before);
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

    it('is aborted by its signal, and it is known that it took nothing', async () => {
      await connect();
      unblockable(primary);
      const controller = new AbortController();
      const waiting = track(run('blpop', ['list', 0], { signal: controller.signal }));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      controller.abort();
      await rig.until(() => waiting.state !== 'pending', 'it is over');
      expect(waiting.error).toMatchObject({ code: 'COMMAND_ABORTED' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('gives an element that comes while it is being aborted to its caller', async () => {
      await connect();
      const release = hold(primary);
      const controller = new AbortController();
      const waiting = track(run('blpop', ['list', 0], { signal: controller.signal }));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      controller.abort();
      release();
      await rig.until(() => waiting.state !== 'pending', 'it is over');
      expect(waiting.value).toEqual(['list', 'item']);
    });

    it('is cut when it was aborted and its wait cannot be ended, and is uncertain then', async () => {
      await connect();
      hold(primary);
      const controller = new AbortController();
      const waiting = track(run('blpop', ['list', 0], { signal: controller.signal }));
      await rig.until(() => primary.names.includes('blpop'), 'it arrives');
      controller.abort();
      await rig.pass(150);
      expect(waiting.state).toBe('pending');
      await rig.pass(100);
      expect(waiting.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('tells once that it may not end its wait, and is cut', async () => {
      await connect();
      hold(primary);
      primary.override = ([name]) =>
        name === 'client' ? reply.error('NOPERM this user may not run it') : undefined;
      const controller = new AbortController();
      const both = [1, 2].map(() =>
        track(run('blpop', ['list', 0], { signal: controller.signal })),
      );
      await rig.until(() => primary.arrived('blpop') === 2, 'both arrive');
      controller.abort();
      await rig.until(() => both.every(({ state }) => state !== 'pending'), 'they are over');
      expect(both[0]?.error).toMatchObject({ code: 'COMMAND_UNCERTAIN' });
      const told = rig.events
        .filter(({ type }) => type === 'settings.doubtful')
        .map((event) => JSON.stringify(event));
      expect(told.filter((text) => text.includes('+client|unblock'))).toHaveLength(1);
    });

    it('prints no warning when many share a signal', async () => {
      await connect();
      hold(primary);
      const warnings: string[] = [];
      const onWarning = ({ message }: Error): number => warnings.push(message);
      process.on('warning', onWarning);
      const controller = new AbortController();
      const many = Array.from({ length: 12 }, () =>
        track(run('blpop', ['list', 0], { signal: controller.signal })),
      );
      await rig.until(() => primary.arrived('blpop') === 2, 'as many as may arrive');
      await turns(5);
      controller.abort();
      await rig.pass(300);
      process.off('warning', onWarning);
      expect(many.every(({ state }) => state === 'rejected')).toBe(true);
      expect(warnings).toEqual([]);
    });

    it('is not sent to the old primary when the fence goes up while its socket is opened', async () => {
      await connect();
      primary.freeze();
      const before = primary.server.connectionsEver;
      const waiting = track(run('blpop', ['list', 0]));
      await rig.until(() => primary.server.connectionsEver > before, 'the connection is opened');
      fence();
      primary.thaw();
      replica.answer = () => reply.array('list', 'item');
      await rig.pass(50);
      expect(primary.names).not.toContain('blpop');
      await failOver();
      await rig.pass(50);
      expect(waiting).toMatchObject({ state: 'resolved', value: ['list', 'item'] });
    });

    it('waits for a connection as long as it may wait itself, and that is told once', async () => {
      await connect();
      const release = hold(primary);
      const busy = [1, 2].map(() => track(run('blpop', ['list', 0])));
      await rig.until(() => primary.arrived('blpop') === 2, 'both arrive');
      const waiting = [1, 2].map(() => track(run('blpop', ['list', 0])));
      await rig.pass(20_000);
      expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending']);
      release();
      await rig.until(() => waiting.every(({ state }) => state === 'resolved'), 'all are served');
      expect(busy.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
      const told = rig.events.filter(({ type }) => type === 'pool.exhausted');
      expect(told).toEqual([{ type: 'pool.exhausted', purpose: 'blocking', size: 2 }]);
    });

    it('leaves exclusive connections to those who need one', async () => {
      await connect();
      hold(primary);
      const busy = [1, 2, 3].map(() => track(run('blpop', ['list', 0])));
      await rig.until(() => primary.arrived('blpop') === 2, 'as many as may arrive');
      const work = withExclusive((own) => own.get('k'), rig.loans, rig.clock, 1000);
      await expect(work).resolves.toBe('OK');
      expect(busy.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
    });

    it('is the first write after a failover, too', async () => {
      await connect();
      await failOver();
      expect(rig.tracker.history.isFirstWriteAwaited).toBe(true);
      replica.answer = () => reply.array('list', 'item');
      await run('blpop', ['list', 1]);
      expect(rig.tracker.history.isFirstWriteAwaited).toBe(false);
    });

    it('is not sent without a pause to a server that refuses for now', async () => {
      await connect();
      primary.answer = () => reply.error('NOREPLICAS Not enough good replicas to write.');
      const waiting = track(run('blpop', ['list', 1]));
      await rig.pass(100);
      expect(primary.names.length).toBeLessThan(20);
      primary.answer = () => reply.array('list', 'item');
      await rig.pass(50);
      expect(waiting.value).toEqual(['list', 'item']);
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

    it('waits for the new primary while its work has not begun, and its socket obeys the deadline', async () => {
      await connect();
      primary.freeze();
      const before = primary.server.connectionsEver;
      const late = track(withExclusive(async () => 'never', rig.loans, rig.clock, 100));
      const outcome = track(exclusive((own) => own.get('k')));
      await rig.until(() => primary.server.connectionsEver > before, 'sockets are opened');
      await rig.pass(120);
      expect(late.error).toMatchObject({ code: 'NO_PRIMARY' });
      await failOver();
      await rig.pass(50);
      expect(outcome).toMatchObject({ state: 'resolved', value: 'OK' });
    });

    it('does nothing after its work has ended, and says that an await is missing', async () => {
      await connect();
      let kept: ExclusiveConnection | null = null;
      await exclusive(async (own) => {
        kept = own;
        await own.get('k');
      });
      const received = primary.names.length;
      const late = track((kept as ExclusiveConnection | null)!.multi().set('k', 'v').exec());
      await rig.pass(20);
      expect(late.error).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(String(late.error)).toMatch(/await missing/);
      expect(primary.names).toHaveLength(received);
    });

    it('is not lent again while something is under way that its work has not awaited', async () => {
      await connect();
      let answer: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (answer = resolve));
      primary.answer = async ([name]) => {
        if (name === 'set') await held;
        return undefined;
      };
      let forgotten: { state: string } | null = null;
      const outcome = track(
        exclusive(async (own) => {
          forgotten = track(own.set('k', 'v'));
          return 'done';
        }),
      );
      await rig.until(() => primary.names.includes('set'), 'it is sent');
      await turns(5);
      expect(rig.tracker.primary?.pool.busy).toBe(1);
      answer();
      await rig.until(() => outcome.state === 'resolved', 'the work is over');
      expect(forgotten).toMatchObject({ state: 'resolved', value: 'OK' });
      expect(rig.tracker.primary?.pool.busy).toBe(0);
    });

    it('asks with a first write once after a failover, and that is the first write', async () => {
      await connect();
      await failOver();
      await exclusive((own) => own.get('k'));
      await exclusive((own) => own.get('k'));
      expect(replica.names).toEqual(['unlink', 'get', 'get']);
      expect(rig.tracker.history.isFirstWriteAwaited).toBe(false);
    });

    it('looks for the primary when it is told that its node is none', async () => {
      await connect();
      primary.answer = ([name]) =>
        name === 'set' ? reply.error('READONLY You can not write against a replica.') : undefined;
      const outcome = track(exclusive((own) => own.set('k', 'v')));
      await rig.until(() => rig.source.lookedAgain > 0, 'the Sentinels are asked');
      await failOver();
      await rig.pass(50);
      expect(outcome.error).toMatchObject({ code: 'CONNECTION_LOST' });
    });

    it('waits for a primary, and reports NO_PRIMARY when there is none in time', async () => {
      const outcome = track(exclusive(async () => 'never'));
      await rig.pass(1050);
      expect(outcome.error).toMatchObject({ code: 'NO_PRIMARY' });
    });
  });

  describe('PrimaryLoans', () => {
    it('give those who have one the time to end at shutdown, and then cut them', async () => {
      await connect();
      let goOn: () => void = () => undefined;
      const pause = new Promise<void>((resolve) => (goOn = resolve));
      const finishing = track(
        withExclusive(
          async (own) => {
            await pause;
            return own.set('k', 'v');
          },
          rig.loans,
          rig.clock,
          1000,
        ),
      );
      const hanging = track(withExclusive((own) => own.get('hangs'), rig.loans, rig.clock, 60_000));
      primary.answer = ([, key]) => (key === 'hangs' ? reply.silence() : undefined);
      await rig.until(() => rig.loans.lent === 2, 'both have begun');
      const closed = track(rig.loans.close(500));
      await rig.pass(100);
      goOn();
      await rig.until(() => finishing.state !== 'pending', 'the first ends');
      expect(finishing.value).toBe('OK');
      expect(closed.state).toBe('pending');
      await rig.pass(500);
      expect(closed.state).toBe('resolved');
      expect(hanging.error).toMatchObject({ code: 'CLOSED' });
      expect(rig.loans.lent).toBe(0);
    });

    it('end blocking commands with certainty at shutdown, before anything is cut', async () => {
      await connect();
      let waiter: FakeConnection | null = null;
      primary.answer = (_, connection) => {
        waiter = connection;
        return reply.silence();
      };
      primary.override = ([, sub]) => {
        if (sub === 'id') return reply.int(7);
        if (sub !== 'unblock') return undefined;
        waiter?.send(reply.error('UNBLOCKED client unblocked via CLIENT UNBLOCK'));
        return reply.int(1);
      };
      const waiting = track(rig.runner.run('blpop', ['list', 0], 'utf8', null));
      await rig.until(() => waiter !== null, 'it waits in the server');
      const closed = track(rig.loans.close(500));
      await rig.until(() => waiting.state !== 'pending', 'it is over');
      expect(waiting.error).toMatchObject({ code: 'CLOSED' });
      await rig.until(() => closed.state === 'resolved', 'nothing is waited for');
    });

    it('refuse the callers that wait when the application shuts down, and those that come later', async () => {
      const waiting = track(rig.loans.whenWritable(1000));
      void rig.loans.close();
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
