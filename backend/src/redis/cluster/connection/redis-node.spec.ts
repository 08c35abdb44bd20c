import { pass, sentinelOptions, track, turns, until } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import type { Problem } from '../../base/errors/index.js';
import { ManualClock, reply } from '../../testing/index.js';
import { NodeRegistry } from './node-registry.js';
import { RedisNode, type Job, type NodeChange, type RedisNodeDeps } from './redis-node.js';
import type { ReplySink, Wire } from './wire/wire.js';

/** A job that records the calls it gets. */
class NotedJob implements Job {
  isWanted = true;
  readonly told: string[] = [];
  constructor(
    readonly name: string,
    readonly args: readonly unknown[] = [],
  ) {}
  weigh(): number {
    return 0;
  }
  write(wire: Wire, sink: ReplySink): void {
    wire.send(this.name, this.args, 'utf8', sink);
  }
  onReply(value: unknown): void {
    this.told.push(`reply ${String(value)}`);
  }
  onError(error: unknown): void {
    this.told.push(`error ${error instanceof Error ? error.message : String(error)}`);
  }
  onLost(_reason: string, sent: boolean): void {
    this.told.push(sent ? 'lost, sent' : 'lost, unsent');
  }
}

describe('RedisNode', () => {
  let node: FakeNode;
  let clock: ManualClock;
  let changes: NodeChange[];
  let connection: RedisNode;
  let sent: number;

  const settings = (over: Partial<RedisNodeDeps> = {}): RedisNodeDeps => ({
    address: node.address,
    wire: {
      address: node.address,
      access: { username: null, password: null, tls: null },
      db: 0,
      keyPrefix: '',
      clientName: 'test',
      connectTimeoutMs: 1000,
      keepAliveMs: 10_000,
    },
    poolSize: 3,
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 3000,
    stallAfterMs: 100,
    onSent: () => sent++,
    ...over,
  });

  beforeEach(async () => {
    node = await FakeNode.start();
    clock = new ManualClock();
    changes = [];
    sent = 0;
    connection = new RedisNode(settings(), clock, (_, change) => changes.push(change));
  });

  afterEach(async () => {
    connection.close('the test is over');
    await node.stop();
  });

  const opened = async (): Promise<void> => {
    connection.open();
    await until(clock, () => connection.state.kind === 'ready', 'the node is connected');
  };

  const send = (...jobs: NotedJob[]): NotedJob[] => {
    for (const job of jobs) connection.enqueue(job);
    return jobs;
  };

  const toldAll = (jobs: readonly NotedJob[]): Promise<void> =>
    until(clock, () => jobs.every(({ told }) => told.length > 0), 'every job is told');

  describe('opening', () => {
    it('asks the node who it is before anybody may use it', async () => {
      node.versionLine = 'valkey_version:9.0.0';
      node.offset = 77;
      connection.open();
      expect(connection.acceptsJobs).toBe(false);
      await until(clock, () => connection.acceptsJobs, 'the node is connected');
      expect(connection.role).toEqual({ kind: 'primary', offset: 77, replicas: [] });
      expect(connection.runId).toBe('run-1');
      expect(connection.version).toBe('valkey 9.0.0');
      expect(changes).toEqual(['role', 'opened']);
    });

    it('works without the right to INFO', async () => {
      node.override = ([name]) =>
        name?.toLowerCase() === 'info' ? reply.error('NOPERM no permissions') : undefined;
      await opened();
      expect(connection.runId).toBeNull();
      expect(connection.version).toBeNull();
    });

    it('is not usable, and says why, when the node does not tell its role', async () => {
      node.override = ([name]) =>
        name?.toLowerCase() === 'role' ? reply.error('NOPERM no permissions') : undefined;
      connection.open();
      await until(clock, () => connection.state.kind === 'lost', 'the attempt fails');
      expect(connection.state).toMatchObject({ reason: expect.stringContaining('NOPERM') });
      expect(connection.acceptsJobs).toBe(false);
    });

    it('gives up an attempt to which ROLE is not answered', async () => {
      node.override = ([name]) => (name?.toLowerCase() === 'role' ? reply.silence() : undefined);
      connection.open();
      await until(clock, () => node.arrived('role') === 1, 'ROLE is asked');
      await clock.advance(1000);
      expect(connection.state).toMatchObject({ kind: 'lost', reason: 'no answer to ROLE' });
    });

    it('is refused to admin commands until then', async () => {
      await expect(connection.call('config', 'get', 'x')).rejects.toMatchObject({
        code: 'CONNECTION_LOST',
      });
      await opened();
      await expect(connection.call('config', 'get', 'x')).resolves.toBe('OK');
    });

    it('happens once, however often it is asked for', async () => {
      connection.open();
      connection.open();
      await until(clock, () => connection.acceptsJobs, 'the node is connected');
      connection.open();
      await turns(5);
      expect(node.server.connectionsEver).toBe(1);
    });
  });

  describe('the time of the node', () => {
    const beat = async (): Promise<void> => {
      const { roleAskedAt } = connection;
      await clock.advance(1000);
      await until(clock, () => connection.roleAskedAt > roleAskedAt, 'a heartbeat is answered');
    };

    it('is known when the connection is, and from each heartbeat', async () => {
      node.wallTime = () => 5_000_000.25 + clock.now();
      await opened();
      expect(connection.timeDistance).toMatchObject({ distanceMs: 5_000_000.25, errorMs: 0 });
      node.wallTime = () => 7_000_000 + clock.now();
      await beat();
      expect(connection.timeDistance?.distanceMs).toBe(7_000_000);
    });

    it('costs one command with each heartbeat, which is sent together with it', async () => {
      node.wallTime = () => 0;
      await opened();
      const before = node.server.connections.flatMap(({ commands }) => commands).length;
      await beat();
      const commands = node.server.connections.flatMap((each) => each.commands).slice(before);
      expect(commands.map(([name]) => name?.toLowerCase())).toEqual(['time', 'role']);
    });

    it.each(['NOPERM no permissions', "ERR unknown command 'time'"])(
      'stays unknown, and is not asked again on this connection, after %s',
      async (refusal) => {
        const doubts: Problem[] = [];
        node.override = ([name]) =>
          name?.toLowerCase() === 'time' ? reply.error(refusal) : undefined;
        const onDoubt = (problem: Problem): void => void doubts.push(problem);
        connection = new RedisNode(settings({ onDoubt }), clock, () => undefined);
        await opened();
        for (let i = 0; i < 3; i++) await beat();
        expect(connection.timeDistance).toBeNull();
        expect(connection.acceptsJobs).toBe(true);
        expect(node.arrived('time')).toBe(1);
        expect(doubts).toEqual([expect.objectContaining({ field: 'TIME' })]);
      },
    );

    it('is asked for again while the node only is busy', async () => {
      node.override = ([name]) =>
        name?.toLowerCase() === 'time' ? reply.error('BUSY running a script') : undefined;
      await opened();
      expect(connection.timeDistance).toBeNull();
      node.wallTime = () => 9_000 + clock.now();
      node.override = () => undefined;
      await beat();
      expect(connection.timeDistance?.distanceMs).toBe(9_000);
    });

    it('is that of who answers now, after the connection was lost', async () => {
      node.wallTime = () => 5_000 + clock.now();
      await opened();
      node.wallTime = null;
      connection.reset('the test says so');
      const isAgain = (): boolean =>
        node.server.connectionsEver === 2 && connection.state.kind === 'ready';
      await until(clock, isAgain, 'it is connected again');
      expect(connection.timeDistance).toBeNull();
    });
  });

  describe('jobs', () => {
    it('of one turn leave together and get their own answers in order', async () => {
      await opened();
      let n = 0;
      node.answer = () => reply.int(++n);
      const jobs = send(new NotedJob('incr'), new NotedJob('incr'), new NotedJob('incr'));
      await toldAll(jobs);
      expect(jobs.map(({ told }) => told)).toEqual([['reply 1'], ['reply 2'], ['reply 3']]);
      expect(connection.inflight).toBe(0);
    });

    it('of one turn arrive in one chunk', async () => {
      await opened();
      let chunks = 0;
      const arrivals: number[] = [];
      node.answer = () => {
        arrivals.push(chunks);
        setImmediate(() => chunks++);
        return undefined;
      };
      await Promise.resolve();
      const jobs = send(...Array.from({ length: 100 }, () => new NotedJob('set', ['k', 'v'])));
      expect(sent).toBe(0);
      await toldAll(jobs);
      expect(sent).toBe(1);
      expect(arrivals).toHaveLength(100);
    });

    it('are not written when nobody waits for them any more, and are told so', async () => {
      await opened();
      const [unwanted, wanted] = send(new NotedJob('set', ['a', 1]), new NotedJob('get', ['b']));
      unwanted!.isWanted = false;
      await toldAll([wanted!]);
      expect(node.names).toEqual(['get']);
      expect(unwanted!.told).toEqual(['lost, unsent']);
      expect(connection.inflight).toBe(0);
    });

    it('hear the error of Redis', async () => {
      await opened();
      node.answer = () => reply.error('WRONGTYPE no');
      const jobs = send(new NotedJob('incr', ['k']));
      await toldAll(jobs);
      expect(jobs[0]?.told).toEqual(['error WRONGTYPE no']);
    });

    it('in flight are told once when the connection is lost; those not sent are told so', async () => {
      await opened();
      node.freeze();
      const inFlight = send(new NotedJob('set', ['a', 1]), new NotedJob('set', ['b', 2]));
      await until(clock, () => node.arrived('set') === 2, 'both arrive');
      const unsent = send(new NotedJob('set', ['c', 3]));
      connection.reset('fenced');
      expect(inFlight.map(({ told }) => told)).toEqual([['lost, sent'], ['lost, sent']]);
      expect(unsent[0]?.told).toEqual(['lost, unsent']);
      node.thaw();
      await pass(clock, 50);
      const all = [...inFlight, ...unsent];
      expect(all.map(({ told }) => told.length)).toEqual([1, 1, 1]);
      expect(connection.inflight).toBe(0);
    });

    it('are told once when the server breaks the connection off', async () => {
      await opened();
      node.freeze();
      const jobs = send(...Array.from({ length: 20 }, () => new NotedJob('set', ['a', 1])));
      await until(clock, () => node.arrived('set') === 20, 'all arrive');
      node.server.resetConnections();
      await toldAll(jobs);
      await pass(clock, 50);
      // The driver or the wire reports it, whichever notices first.
      expect(jobs.map(({ told }) => told.length)).toEqual(jobs.map(() => 1));
      expect(connection.inflight).toBe(0);
    });

    it('that fail to be written hear of it, and the others are sent', async () => {
      await opened();
      const [bad, good] = send(new NotedJob('set', ['k']), new NotedJob('get', ['k']));
      bad!.write = () => {
        throw new TypeError('cannot be written');
      };
      await toldAll([good!, bad!]);
      expect(good!.told).toEqual(['reply OK']);
      expect(bad!.told).toEqual(['error cannot be written']);
      expect(connection.inflight).toBe(0);
    });

    it('are taken up to a limit, and again as soon as some are answered', async () => {
      await opened();
      node.freeze();
      const jobs = send(...Array.from({ length: 10_000 }, () => new NotedJob('get', ['k'])));
      // Also those count that have not been written yet.
      expect(connection.acceptsJobs).toBe(false);
      await turns(2);
      expect(connection.acceptsJobs).toBe(false);
      node.thaw();
      await until(clock, () => connection.acceptsJobs, 'it has caught up');
      await toldAll(jobs);
      expect(connection.inflight).toBe(0);
    });
  });

  describe('stalls', () => {
    it('are seen when answers are owed and nothing comes, and are over with the next byte', async () => {
      await opened();
      node.freeze();
      const jobs = send(new NotedJob('get', ['k']));
      await until(clock, () => node.arrived('get') === 1, 'it arrives');
      expect(connection.checkForStall()).toBe(true);
      await clock.advance(99);
      connection.checkForStall();
      expect(connection.isStalled).toBe(false);
      await clock.advance(1);
      connection.checkForStall();
      expect(connection.isStalled).toBe(true);
      expect(connection.acceptsJobs).toBe(false);
      node.thaw();
      await toldAll(jobs);
      expect(connection.checkForStall()).toBe(false);
      expect(connection.isStalled).toBe(false);
      expect(changes.filter((change) => change !== 'role')).toEqual([
        'opened',
        'stalled',
        'recovered',
      ]);
    });

    it('do not happen to a node that owes nothing', async () => {
      await opened();
      await clock.advance(900);
      expect(connection.checkForStall()).toBe(false);
      expect(connection.isStalled).toBe(false);
    });

    it('do not happen to a node that was idle for long and has just been asked', async () => {
      await opened();
      await clock.advance(900);
      node.freeze();
      send(new NotedJob('get', ['k']));
      await turns(2);
      connection.checkForStall();
      expect(connection.isStalled).toBe(false);
    });

    it('do not happen to a node that answers slowly but steadily', async () => {
      await opened();
      node.answer = () => reply.raw('$60\r\n');
      send(new NotedJob('get', ['k']));
      await until(clock, () => node.arrived('get') === 1, 'it arrives');
      for (let i = 0; i < 10; i++) {
        await clock.advance(60);
        node.server.connections[0]?.send(reply.raw('xxxxx'));
        await turns(4);
        connection.checkForStall();
        expect([connection.inflight, connection.isStalled]).toEqual([1, false]);
      }
    });
  });

  describe('the heartbeat', () => {
    it('updates the role and measures the round trip', async () => {
      await opened();
      node.role = 'slave';
      node.offset = 5;
      await clock.advance(1000);
      await until(clock, () => connection.role?.kind === 'replica', 'the new role is heard');
      expect(connection.role).toMatchObject({ offset: 5, isLinked: true });
      expect(connection.roleAt).toBe(1000);
    });

    it('that is not answered cuts every connection to the node when nobody waits for it', async () => {
      await opened();
      const loan = await connection.pool.acquire(1000);
      loan.release();
      node.freeze();
      await pass(clock, 4000);
      expect(connection.state.kind).toBe('ready');
      await pass(clock, 1100);
      expect(changes).toContain('lost');
      expect(loan.wire.isReady).toBe(false);
    });

    it('cuts nothing that somebody waits for while the node answers nobody: it may be busy', async () => {
      await opened();
      const loan = await connection.pool.acquire(1000);
      const [job] = send(new NotedJob('eval', ['a long script']));
      node.freeze();
      await pass(clock, 9000);
      expect(changes).not.toContain('lost');
      expect(loan.wire.isReady).toBe(true);
      node.thaw();
      await toldAll([job!]);
      expect(job!.told).toEqual(['reply OK']);
      await pass(clock, 1000);
      expect(node.server.connections).toHaveLength(2);
    });

    it('cuts a connection that is dead, because the node answers on another one', async () => {
      await opened();
      node.answer = () => reply.silence();
      const [job] = send(new NotedJob('get', ['k']));
      await until(clock, () => node.names.length === 1, 'it has arrived');
      const [first] = node.server.connections;
      node.override = (_, { id }) => (id === first!.id ? reply.silence() : undefined);
      await pass(clock, 6000);
      expect(job!.told).toEqual(['lost, sent']);
      await until(clock, () => connection.state.kind === 'ready', 'it is connected again');
    });

    it('is sent at once when it is asked for, and never twice at a time', async () => {
      await opened();
      const before = node.arrived('role');
      node.freeze();
      connection.nudge();
      connection.nudge();
      await turns(5);
      expect(node.arrived('role')).toBe(before + 1);
    });
  });

  describe('reconnecting', () => {
    it('happens at once after a loss, and then ever more calmly', async () => {
      await opened();
      const { address } = node;
      await node.stop();
      await until(clock, () => connection.state.kind === 'lost', 'the loss is seen');
      const attempts: number[] = [];
      for (let i = 0; i < 200; i++) {
        await clock.advance(5);
        await turns(4);
        const { state } = connection;
        if (state.kind !== 'closed' && state.kind !== 'ready') attempts.push(state.attempt);
      }
      expect(connection.address).toEqual(address);
      const most = Math.max(...attempts);
      // 0, 10, 30, 80, 130, 180, 280, 380, 580, 830, 1080 ms
      expect(most).toBeGreaterThanOrEqual(8);
      expect(most).toBeLessThanOrEqual(11);
      expect(changes.filter((change) => change === 'lost')).toHaveLength(1);
    });

    it('connects again and reads role and server info again', async () => {
      await opened();
      node.runId = 'run-2';
      node.server.resetConnections();
      await until(clock, () => changes.includes('lost'), 'the loss is seen');
      expect(connection.role).toBeNull();
      await until(clock, () => connection.acceptsJobs, 'it is back');
      expect(connection.runId).toBe('run-2');
      expect(changes.filter((change) => change === 'opened')).toHaveLength(2);
    });

    it('is tried at once when it is asked for', async () => {
      await opened();
      await node.stop();
      await until(clock, () => connection.state.kind === 'lost', 'the loss is seen');
      await pass(clock, 300);
      await until(clock, () => connection.state.kind === 'lost', 'an attempt has failed');
      connection.nudge();
      expect(connection.state).toMatchObject({ kind: 'connecting', attempt: 1 });
    });

    it('keeps the last known run id when the new process does not report one', async () => {
      await opened();
      node.override = ([name]) =>
        name?.toLowerCase() === 'info' ? reply.error('NOPERM no permissions') : undefined;
      node.server.resetConnections();
      await until(clock, () => changes.includes('lost'), 'the loss is seen');
      await until(clock, () => connection.acceptsJobs, 'it is back');
      // Keeping the last known id does no harm: a restart is not noticed, that is all.
      expect(connection.runId).toBe('run-1');
    });
  });

  describe('close', () => {
    it('tells every job, cuts every socket and leaves no timer', async () => {
      await opened();
      const loan = await connection.pool.acquire(1000);
      node.freeze();
      const jobs = send(new NotedJob('get', ['k']));
      await until(clock, () => node.arrived('get') === 1, 'it arrives');
      connection.nudge();
      connection.close('closing');
      connection.close('closing');
      expect(jobs[0]?.told).toEqual(['lost, sent']);
      expect(loan.wire.isReady).toBe(false);
      expect(connection.state).toEqual({ kind: 'closed' });
      await until(clock, () => node.server.connections.length === 0, 'the sockets are gone');
      expect(clock.pending).toBe(0);
      connection.open();
      connection.nudge();
      connection.reset('x');
      await pass(clock, 100);
      expect(connection.state).toEqual({ kind: 'closed' });
      expect(clock.pending).toBe(0);
    });

    it('in the middle of connecting leaves nothing either', async () => {
      node.freeze();
      connection.open();
      await until(clock, () => node.server.connections.length === 1, 'the socket is open');
      connection.close('closing');
      node.thaw();
      await until(clock, () => node.server.connections.length === 0, 'the socket is gone');
      expect(clock.pending).toBe(0);
      expect(changes).toEqual([]);
    });

    it('while it waits to reconnect leaves nothing either', async () => {
      await opened();
      await node.stop();
      await until(clock, () => connection.state.kind === 'lost', 'the loss is seen');
      connection.close('closing');
      expect(clock.pending).toBe(0);
    });
  });

  describe('that refuses to tell its role', () => {
    const REFUSALS = [
      "ERR unknown command 'ROLE', with args beginning with: ",
      "NOPERM User x has no permissions to run the 'role' command",
      'ERR unsupported command role',
    ];

    beforeEach(() => {
      node.override = ([name]) =>
        name?.toLowerCase() === 'role' ? reply.error(REFUSALS[0] ?? '') : undefined;
    });

    it.each(REFUSALS)('is the primary where it is the only node: %s', async (refusal) => {
      node.override = ([name]) =>
        name?.toLowerCase() === 'role' ? reply.error(refusal) : undefined;
      const problems: Problem[] = [];
      const only = settings({ isOnlyNode: true, onDoubt: (problem) => problems.push(problem) });
      connection = new RedisNode(only, clock, (_, change) => changes.push(change));
      await opened();
      expect(connection.role).toMatchObject({ kind: 'primary', replicas: [] });
      expect(problems).toMatchObject([{ field: 'ROLE', value: refusal.split(' ')[0] }]);
    });

    it('is asked once for each connection, and its heartbeats are PING', async () => {
      connection = new RedisNode(settings({ isOnlyNode: true }), clock, () => undefined);
      await opened();
      await pass(clock, 2100);
      expect(node.arrived('role')).toBe(1);
      expect(node.arrived('ping')).toBeGreaterThan(2);
      expect(connection.state.kind).toBe('ready');
    });

    it('is not used where others could be the primary', async () => {
      connection.open();
      await pass(clock, 100);
      expect([connection.state.kind, connection.role]).not.toContain('ready');
      expect(connection.role).toBeNull();
    });

    it('is not taken for a primary while it only loads its data', async () => {
      node.override = ([name]) =>
        name?.toLowerCase() === 'role' ? reply.error('LOADING Redis is loading') : undefined;
      connection = new RedisNode(settings({ isOnlyNode: true }), clock, () => undefined);
      connection.open();
      await pass(clock, 100);
      expect(connection.role).toBeNull();
    });
  });
});

describe('NodeRegistry', () => {
  let nodes: FakeNode[];
  let clock: ManualClock;
  let registry: NodeRegistry;
  let changes: string[];

  beforeEach(async () => {
    nodes = [await FakeNode.start(), await FakeNode.start()];
    clock = new ManualClock();
    changes = [];
    registry = new NodeRegistry(sentinelOptions(), clock, (node, change) => {
      changes.push(
        `${String(nodes.findIndex(({ address }) => address === node.address))} ${change}`,
      );
    });
  });

  afterEach(async () => {
    registry.close('the test is over');
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const open = async (): Promise<void> => {
    registry.retain(nodes.map(({ address }) => address));
    await until(clock, () => registry.all().every((node) => node.acceptsJobs), 'all are connected');
  };

  it('opens what is listed and closes what is not, and leaves the rest alone', async () => {
    await open();
    const [first, second] = registry.all();
    registry.retain([nodes[0]!.address]);
    expect(registry.all()).toEqual([first]);
    expect(second?.state.kind).toBe('closed');
    expect(first?.state.kind).toBe('ready');
    expect(registry.get(nodes[0]!.address)).toBe(first);
    expect(registry.get(nodes[1]!.address)).toBeUndefined();
  });

  it('dials a node that the Sentinels call down seldom, and at once when they call it up', async () => {
    await open();
    const { address } = nodes[1]!;
    const attempt = (): number => {
      const { state } = registry.get(address)!;
      return 'attempt' in state ? state.attempt : 0;
    };
    await nodes[1]!.stop();
    await pass(clock, 5000);
    const whileUp = attempt();
    expect(whileUp).toBeGreaterThan(20);
    registry.setDown(address, true);
    await pass(clock, 10_000);
    expect(attempt() - whileUp).toBeLessThan(6);
    registry.setDown(address, false);
    expect(registry.get(address)!.state.kind).toBe('connecting');
  });

  it('reaches nodes where the address mapper says', () => {
    const options = sentinelOptions({
      sentinel: { natMap: { '10.0.0.1:6379': '127.0.0.1:7000' } },
    });
    const mapped = new NodeRegistry(options, clock, () => undefined);
    const wire = mapped.wireOptionsFor({ host: '10.0.0.1', port: 6379 });
    expect(wire.address).toEqual({ host: '127.0.0.1', port: 7000 });
  });

  it('looks for stalls only while answers are owed', async () => {
    await open();
    await pass(clock, 100);
    const idle = clock.pending;
    nodes[0]!.freeze();
    const job = new NotedJob('get', ['k']);
    registry.all()[0]?.enqueue(job);
    await pass(clock, 160);
    expect(changes).toContain('0 stalled');
    nodes[0]!.thaw();
    await pass(clock, 100);
    expect(changes).toContain('0 recovered');
    expect(clock.pending).toBe(idle);
  });

  it('leaves no timer when it is closed', async () => {
    await open();
    const answer = track(registry.all()[0]!.call('get', 'k'));
    registry.close('closing');
    await pass(clock, 40);
    expect(answer.state).toBe('rejected');
    expect(clock.pending).toBe(0);
  });
});
