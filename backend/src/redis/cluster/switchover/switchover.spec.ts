import { newRig, track, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { replicaView, sentinelView } from '../../../../test/support/sentinel-views.js';
import { formatAddress } from '../../base/address/index.js';
import { reply } from '../../testing/index.js';
import type { ReplicaView, SentinelView } from '../topology/index.js';
import type { SwitchoverReport } from './handover.js';
import { switchover, type SwitchoverOptions } from './switchover.js';

/** What Sentinel answers when it refuses. */
const refusal = (message: string): Error =>
  Object.assign(new Error(message), { name: 'ReplyError' });

describe('switchover', () => {
  let rig: Rig;
  let primary: FakeNode;
  let replicas: [FakeNode, FakeNode];

  beforeEach(async () => {
    primary = await FakeNode.start();
    replicas = [await FakeNode.start(), await FakeNode.start()];
    for (const replica of replicas) replica.follow(primary);
    for (const node of [primary, ...replicas]) node.offset = 100;
    rig = newRig();
    rig.source.onAsk = () => Promise.resolve('OK');
  });

  afterEach(async () => {
    rig.close();
    await Promise.all([primary, ...replicas].map((node) => node.stop()));
  });

  const connect = async (): Promise<void> => {
    rig.source.say(primary, 1, replicas);
    rig.source.tell([view([])]);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all nodes are connected',
    );
  };

  const begin = (options: SwitchoverOptions = {}) =>
    track<SwitchoverReport>(
      switchover(
        {
          tracker: rig.tracker,
          sentinels: rig.source,
          clock: rig.clock,
          bus: rig.bus,
          masterName: 'mymaster',
          closing: new AbortController().signal,
        },
        { timeoutMs: 5000, ...options },
      ),
    );

  const healthy = (): ReplicaView[] =>
    replicas.map(({ address }) => replicaView(address, { offset: 100 }));

  // A Sentinel lists both replicas as healthy, unless the test says otherwise of one of them.
  const view = (listed: readonly ReplicaView[], over: Partial<SentinelView> = {}): SentinelView =>
    sentinelView(primary.address, {
      at: rig.clock.now(),
      replicas: [
        ...healthy().filter(
          ({ address }) => !listed.some((one) => one.address.port === address.port),
        ),
        ...listed,
      ],
      ...over,
    });

  const clientCommands = (node: FakeNode): string[] =>
    node.server.connections
      .flatMap(({ commands }) => commands)
      .filter(([name = '', sub = '']) => name === 'client' && /pause/.test(sub))
      .map(([, sub = '']) => sub);

  const isAsked = (): Promise<void> =>
    rig
      .until(() => rig.source.asked.length > 0 || rig.pass(5), 'a Sentinel is asked')
      .then(async () => {
        for (let i = 0; i < 100 && rig.source.asked.length === 0; i++) await rig.pass(5);
        expect(rig.source.asked).toHaveLength(1);
      });

  const promote = (node: FakeNode): void => {
    node.role = 'master';
    const others = [...replicas, primary].filter((one) => one !== node);
    rig.source.say(node, 2, others);
  };

  describe('refuses, and changes nothing,', () => {
    const expectUntouched = (): void => {
      expect(rig.source.asked).toEqual([]);
      expect(clientCommands(primary)).toEqual([]);
      expect(rig.tracker.gate.state).toEqual({ kind: 'open' });
      expect(rig.events.filter(({ type }) => type === 'writes.paused')).toEqual([]);
    };

    it('without a primary that takes writes', async () => {
      const outcome = begin();
      await rig.pass(10);
      expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
      expectUntouched();
    });

    it.each([
      ['an unknown node', { host: '10.9.9.9', port: 1 }],
      ['the primary itself', null],
      ['an unknown node, as text', '10.9.9.9:1'],
      ['what is no address', 'a b:c'],
      ['nothing at all', ''],
    ])('to %s', async (_, to) => {
      await connect();
      const outcome = begin({ to: to ?? primary.address });
      await rig.pass(10);
      expect(outcome.error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expectUntouched();
    });

    it.each([0, -1, 999, NaN, Infinity])('with a deadline of %d ms', async (timeoutMs) => {
      await connect();
      const outcome = begin({ timeoutMs });
      await rig.pass(10);
      expect(outcome.error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expectUntouched();
    });
  });

  it('holds back writes, lets Sentinel promote, follows, and makes the old primary a replica', async () => {
    await connect();
    primary.answer = ([name]) => {
      if (name === 'replicaof') primary.follow(replicas[0]);
      return undefined;
    };
    const outcome = begin();
    await isAsked();
    expect(rig.source.asked[0]).toEqual(['failover', 'mymaster']);
    expect(rig.tracker.isWritable).toBe(false);
    const held = track(rig.runner.run('incr', ['k'], 'utf8', null));
    promote(replicas[0]);
    await rig.pass(500);
    expect(outcome.error).toBeUndefined();
    expect(outcome.value).toMatchObject({
      from: primary.address,
      to: replicas[0].address,
      isCoordinated: false,
      isOldPrimaryReplica: true,
    });
    expect(held.state).toBe('resolved');
    expect(replicas[0].names).toContain('incr');
    expect(primary.names).not.toContain('incr');
    expect(rig.tracker.history.summary.last?.reason).toBe('switchover');
  });

  it('leaves the old primary alone when it is the primary again before it could be reached', async () => {
    await connect();
    const outcome = begin();
    await isAsked();
    primary.freeze();
    primary.server.resetConnections();
    promote(replicas[0]);
    await rig.pass(100);
    expect(rig.tracker.isWritable).toBe(true);
    expect(outcome.state).toBe('pending');
    // Another failover, back to where it was.
    replicas[0].follow(primary);
    rig.source.say(primary, 3, replicas);
    primary.thaw();
    await rig.pass(3000);
    expect(rig.tracker.isWritable).toBe(true);
    expect(primary.names).not.toContain('replicaof');
    expect(outcome.value).toMatchObject({ isOldPrimaryReplica: false });
  });

  it('asks Sentinel only when a replica has everything that the primary has after the pause', async () => {
    await connect();
    // Written since the offsets were last reported, and not on the replicas yet.
    primary.offset = 200;
    const outcome = begin();
    await rig.pass(200);
    expect(rig.source.asked).toEqual([]);
    for (const replica of replicas) replica.offset = 200;
    await isAsked();
    expect(outcome.state).toBe('pending');
  });

  describe('with a replica that the primary lists and this process does not see', () => {
    const unseen = { host: '10.0.0.9', port: 6379 };

    it('asks Sentinel only when that one has everything as well', async () => {
      primary.listed = [{ address: unseen, offset: 60 }];
      await connect();
      const outcome = begin();
      await rig.pass(200);
      expect(rig.source.asked).toEqual([]);
      primary.listed = [{ address: unseen, offset: 100 }];
      await isAsked();
      expect(outcome.state).toBe('pending');
    });

    it('goes on when that one cannot be promoted, because of its priority', async () => {
      primary.listed = [{ address: unseen, offset: 60 }];
      await connect();
      rig.source.tell([view([replicaView(unseen, { offset: 60, priority: 0 })])]);
      begin();
      await isAsked();
    });

    it('goes on when that one cannot be promoted, because every Sentinel calls it down', async () => {
      primary.listed = [{ address: unseen, offset: 60 }];
      await connect();
      rig.source.tell([view([replicaView(unseen, { offset: 60, isHealthy: false })])]);
      begin();
      await isAsked();
    });

    it('does not wait for it when another one was asked for', async () => {
      primary.listed = [{ address: unseen, offset: 60 }];
      replicas[1].answer = ([name, action]) =>
        name === 'config' && action === 'get' ? reply.array('replica-priority', '1') : undefined;
      await connect();
      rig.source.tell([view([replicaView(replicas[1].address, { offset: 100, priority: 1 })])]);
      begin({ to: replicas[1].address });
      await isAsked();
    });
  });

  it('believes what a replica says of itself before the primary has heard of it', async () => {
    primary.listed = replicas.map(({ address }) => ({ address, offset: 60 }));
    await connect();
    begin();
    await isAsked();
  });

  it('gives up, and lets writes pass again, when no replica catches up', async () => {
    await connect();
    primary.offset = 200;
    const outcome = begin();
    await rig.pass(5100);
    expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
    expect(rig.source.asked).toEqual([]);
    expect(clientCommands(primary)).toEqual(['pause', 'unpause']);
    expect(rig.tracker.isWritable).toBe(true);
    await expect(rig.runner.run('incr', ['k'], 'utf8', null)).resolves.toBe('OK');
  });

  it('pauses nothing before an earlier failover is over', async () => {
    await connect();
    rig.source.tell([{ ...view([]), isFailoverInProgress: true }, view([])]);
    begin();
    await rig.pass(100);
    expect(rig.tracker.isWritable).toBe(true);
    expect(clientCommands(primary)).toEqual([]);
    expect(rig.source.lookedAgain).toBeGreaterThan(0);
    rig.source.tell([view([]), view([])]);
    await isAsked();
  });

  it('pauses nothing before a Sentinel lists a replica that it may promote', async () => {
    await connect();
    const unhealthy = healthy().map((replica) => ({ ...replica, isHealthy: false }));
    const never = healthy().map((replica) => ({ ...replica, priority: 0 }));
    rig.source.tell([view(unhealthy), view(never)]);
    begin();
    await rig.pass(100);
    expect(rig.tracker.isWritable).toBe(true);
    expect(clientCommands(primary)).toEqual([]);
    rig.source.tell([view(unhealthy), view([])]);
    await isAsked();
  });

  describe('while a Sentinel has last seen a replica as a primary', () => {
    const unseen = (agoMs: number): SentinelView[] => {
      const seen = { role: 'primary', agoMs } as const;
      const late = replicaView(replicas[1].address, { offset: 100, isHealthy: false, seen });
      return [view([]), view([late], { sentinel: { host: 'late', port: 1 } })];
    };

    it('pauses nothing, and goes on as soon as that one has looked', async () => {
      await connect();
      rig.source.tell(unseen(3000));
      begin();
      await rig.pass(1000);
      expect(rig.tracker.isWritable).toBe(true);
      expect(clientCommands(primary)).toEqual([]);
      expect(rig.source.asked).toEqual([]);
      rig.source.tell([view([]), view([])]);
      await isAsked();
    });

    it('gives up in time, names the Sentinel, what it saw and what to do, and has changed nothing', async () => {
      await connect();
      rig.source.tell(unseen(3000));
      const outcome = begin();
      await rig.pass(5100);
      const node = formatAddress(replicas[1].address);
      const seen = `late:1 has last seen ${node} as a primary, 3 s ago, and looks again within 7 s`;
      const remedy = 'Wait until it has looked again: it would undo the promotion of that node';
      expect(outcome.error).toMatchObject({
        code: 'SWITCHOVER_FAILED',
        message: expect.stringContaining(`${seen}. ${remedy}. Nothing was changed.`),
        details: { obstacles: [{ kind: 'role-unseen', seen, remedy }] },
      });
      expect(clientCommands(primary)).toEqual([]);
      expect(rig.tracker.isWritable).toBe(true);
    });

    it('waits again when it comes while the replicas are not nearly in step', async () => {
      primary.offset = 10 * 1024 * 1024;
      await connect();
      begin();
      await rig.pass(200);
      rig.source.tell(unseen(0));
      for (const replica of replicas) replica.offset = primary.offset;
      await rig.pass(200);
      expect(clientCommands(primary)).toEqual([]);
      rig.source.tell([view([]), view([])]);
      await isAsked();
    });
  });

  it('pauses nothing while a Sentinel names another primary', async () => {
    await connect();
    const behind = view([], { primary: replicas[1].address, epoch: 0 });
    rig.source.tell([view([]), behind]);
    const outcome = begin();
    await rig.pass(5100);
    expect(String(outcome.error)).toContain('the newest epoch, 1, says');
    expect(clientCommands(primary)).toEqual([]);
  });

  it('says which replicas the Sentinels listed when none of them may be promoted', async () => {
    await connect();
    rig.source.tell([view(healthy().map((replica) => ({ ...replica, priority: 0 })))]);
    const outcome = begin();
    await rig.pass(5100);
    expect(String(outcome.error)).toContain(
      'last for the Sentinels to be ready: no Sentinel lists a replica that it may promote (s:1 lists ' +
        `${formatAddress(replicas[0].address)} with priority 0, ` +
        `${formatAddress(replicas[1].address)} with priority 0)`,
    );
    expect(clientCommands(primary)).toEqual([]);
    expect(rig.tracker.isWritable).toBe(true);
  });

  it('gives up, and lets writes pass again, when Sentinel refuses', async () => {
    await connect();
    rig.source.onAsk = () => Promise.reject(refusal('NOGOODSLAVE No suitable replica'));
    const outcome = begin();
    await rig.pass(500);
    expect(outcome.error).toMatchObject({
      code: 'SWITCHOVER_FAILED',
      message: expect.stringContaining('NOGOODSLAVE'),
    });
    expect(clientCommands(primary)).toEqual(['pause', 'unpause']);
    expect(rig.tracker.isWritable).toBe(true);
  });

  it('follows a Sentinel whose answer was lost: it may have accepted', async () => {
    await connect();
    rig.source.onAsk = () => Promise.reject(new Error('Connection is closed.'));
    const outcome = begin();
    await isAsked();
    await rig.pass(100);
    expect(rig.tracker.isWritable).toBe(false);
    expect(clientCommands(primary)).toEqual(['pause']);
    promote(replicas[0]);
    primary.follow(replicas[0]);
    await rig.pass(500);
    expect(outcome.value).toMatchObject({ to: replicas[0].address });
    expect(rig.tracker.isWritable).toBe(true);
  });

  it('leaves it to the Sentinels soon when the answer was lost and nobody is promoted', async () => {
    await connect();
    rig.source.onAsk = () => Promise.reject(new Error('Connection is closed.'));
    const outcome = begin({ timeoutMs: 20_000 });
    await isAsked();
    await rig.pass(5100);
    expect(String(outcome.error)).toContain('may still complete it');
    expect(rig.tracker.isWritable).toBe(false);
    // None has told of a failover for long enough.
    await rig.pass(1600);
    rig.source.tell([view([])]);
    expect(rig.tracker.isWritable).toBe(true);
  });

  it('gives up, and lets writes pass again, when no Sentinel can be reached', async () => {
    await connect();
    rig.source.onAsk = null;
    const outcome = begin();
    await rig.pass(500);
    expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
    expect(rig.tracker.isWritable).toBe(true);
  });

  it('gives up, and lets writes pass again, when Sentinel aborts the failover', async () => {
    await connect();
    const outcome = begin();
    await isAsked();
    rig.source.publish({
      kind: 'primary',
      step: '-failover-abort-no-good-slave',
      node: primary.address,
    });
    await rig.pass(100);
    expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
    expect(clientCommands(primary)).toEqual(['pause', 'unpause']);
    expect(rig.tracker.isWritable).toBe(true);
  });

  it('leaves the fence up when the deadline passes and Sentinel may still promote a replica', async () => {
    await connect();
    const outcome = begin();
    await isAsked();
    await rig.pass(5200);
    expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
    expect(rig.tracker.isWritable).toBe(false);
    promote(replicas[1]);
    await rig.until(() => rig.tracker.isWritable, 'the switch opens it');
  });

  it('does not call the next failover its own after it gave up', async () => {
    await connect();
    rig.source.onAsk = () => Promise.reject(refusal('ERR no'));
    const outcome = begin();
    await rig.pass(500);
    expect(outcome.state).toBe('rejected');
    promote(replicas[0]);
    expect(rig.tracker.history.summary.last?.reason).toBe('planned');
  });

  describe('to a certain replica', () => {
    const priorities = new Map<FakeNode, string>();

    beforeEach(() => {
      priorities.clear();
      for (const replica of replicas) {
        priorities.set(replica, '100');
        replica.answer = ([name, action, , value]) => {
          if (name !== 'config') return undefined;
          if (action === 'get') return reply.array('replica-priority', priorities.get(replica)!);
          priorities.set(replica, value ?? '');
          return undefined;
        };
      }
    });

    const seen = () =>
      view(
        replicas.map((replica) =>
          replicaView(replica.address, { priority: Number(priorities.get(replica)) }),
        ),
      );

    it('gives it the best priority first, holds back no writes meanwhile, and restores the priority', async () => {
      await connect();
      const outcome = begin({ to: replicas[1].address });
      await rig.pass(100);
      expect(priorities.get(replicas[1])).toBe('1');
      expect(rig.tracker.isWritable).toBe(true);
      rig.source.tell([seen()]);
      await isAsked();
      promote(replicas[1]);
      replicas[0].follow(replicas[1]);
      primary.follow(replicas[1]);
      await rig.pass(500);
      expect(outcome.value).toMatchObject({ to: replicas[1].address });
      expect([...priorities.values()]).toEqual(['100', '100']);
    });

    it('sets the priority of one that is reached only a moment later', async () => {
      await connect();
      replicas[1].freeze();
      replicas[1].server.resetConnections();
      await rig.until(
        () => rig.tracker.connectionTo(replicas[1].address)?.state.kind !== 'ready',
        'it is away',
      );
      const outcome = begin({ to: replicas[1].address });
      await rig.pass(100);
      expect(outcome.state).toBe('pending');
      replicas[1].thaw();
      await rig.pass(500);
      expect(priorities.get(replicas[1])).toBe('1');
      rig.source.tell([seen()]);
      await isAsked();
    });

    it('sets the priority although the connection is cut meanwhile', async () => {
      await connect();
      let cuts = 0;
      const { answer } = replicas[1];
      replicas[1].answer = (command, connection) => {
        if (command[0] !== 'config' || cuts > 0) return answer(command, connection);
        cuts++;
        replicas[1].server.resetConnections();
        return undefined;
      };
      const outcome = begin({ to: replicas[1].address });
      await rig.pass(500);
      expect(outcome.error).toBeUndefined();
      expect(cuts).toBe(1);
      expect(priorities.get(replicas[1])).toBe('1');
      rig.source.tell([seen()]);
      await isAsked();
    });

    it('restores the priority when it fails', async () => {
      await connect();
      const outcome = begin({ to: replicas[1].address });
      await rig.pass(5200);
      expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
      expect([...priorities.values()]).toEqual(['100', '100']);
      expect(clientCommands(primary)).toEqual([]);
      expect(rig.tracker.isWritable).toBe(true);
    });

    it('refuses one that must never be promoted', async () => {
      await connect();
      priorities.set(replicas[1], '0');
      const outcome = begin({ to: replicas[1].address });
      await rig.pass(100);
      expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
      expect([...priorities.values()]).toEqual(['100', '0']);
    });

    it('reports it when Sentinel promoted another one', async () => {
      await connect();
      const outcome = begin({ to: replicas[1].address });
      await rig.pass(50);
      rig.source.tell([seen()]);
      await isAsked();
      promote(replicas[0]);
      primary.follow(replicas[0]);
      await rig.pass(500);
      expect(outcome.error).toMatchObject({ code: 'SWITCHOVER_FAILED' });
      expect(rig.tracker.isWritable).toBe(true);
    });
  });
});
