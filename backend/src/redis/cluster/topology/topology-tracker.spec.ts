import { newRig, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { replicaView, sentinelView } from '../../../../test/support/sentinel-views.js';
import { EventBus, type RedisHaEventType } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import type { SentinelView } from './sources/sentinel-view.js';
import { StandaloneSource } from './sources/standalone-source.js';
import { TopologyTracker } from './topology-tracker.js';

describe('TopologyTracker', () => {
  let rig: Rig;
  let nodes: [FakeNode, FakeNode, FakeNode];

  beforeEach(async () => {
    nodes = [await FakeNode.start(), await FakeNode.start(), await FakeNode.start()];
    nodes[1].follow(nodes[0]);
    nodes[2].follow(nodes[0]);
    rig = newRig();
  });

  afterEach(async () => {
    rig.close();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const connect = async (): Promise<void> => {
    const [primary, ...replicas] = nodes;
    rig.source.say(primary, 1, replicas);
    await rig.until(
      () => rig.tracker.isWritable && rig.tracker.replicas.every((node) => node.acceptsJobs),
      'all nodes are connected',
    );
  };

  const count = (type: RedisHaEventType): number =>
    rig.events.filter((event) => event.type === type).length;

  const selected = () => ({
    kind: 'member' as const,
    step: '+selected-slave',
    node: nodes[1].address,
  });

  const view = (over: Partial<SentinelView> = {}): SentinelView =>
    sentinelView(nodes[0].address, { at: rig.clock.now(), ...over });

  describe('at the start', () => {
    it('knows nothing, and asks urgently', () => {
      expect(rig.tracker.primaryAddress).toBeNull();
      expect(rig.tracker.primary).toBeNull();
      expect(rig.tracker.isWritable).toBe(false);
      expect(rig.tracker.epoch).toBe(-1);
      expect(rig.source.isUrgent).toBe(true);
    });

    it('connects to every node of the topology, and then asks less often', async () => {
      await connect();
      expect(rig.tracker.epoch).toBe(1);
      expect(rig.tracker.replicaAddresses).toEqual([nodes[1].address, nodes[2].address]);
      expect(rig.source.isUrgent).toBe(false);
      expect(count('topology.changed')).toBe(1);
      expect(count('primary.ready')).toBe(1);
      expect(count('primary.switched')).toBe(0);
      expect(rig.tracker.history.summary.count).toBe(0);
    });

    it('does not report what has not changed', async () => {
      await connect();
      rig.source.say(nodes[0], 1, [nodes[2], nodes[1]]);
      expect(count('topology.changed')).toBe(1);
    });

    it('needs no Sentinels for a single Redis', async () => {
      const bus = new EventBus();
      const clock = new ManualClock();
      const source = new StandaloneSource(nodes[0].address);
      const tracker = new TopologyTracker(rig.options, source, clock, bus);
      tracker.start();
      await rig.until(() => tracker.isWritable, 'it is connected');
      expect([tracker.epoch, tracker.replicas]).toEqual([0, []]);
      await source.lookAgain();
      source.setUrgent();
      tracker.close();
    });
  });

  describe('a primary that is not one', () => {
    it('is not written to when it says from the start that it is a replica', async () => {
      nodes[0].follow(nodes[1]);
      rig.source.say(nodes[0], 1, []);
      await rig.until(() => rig.tracker.primaryConnection?.role?.kind === 'replica', 'it says so');
      expect(rig.tracker.isWritable).toBe(false);
      expect(rig.tracker.primary).toBeNull();
      expect(rig.source.isUrgent).toBe(true);
    });

    it('is not written to from the moment it says that it is a replica now', async () => {
      await connect();
      nodes[0].follow(nodes[1]);
      await rig.pass(1000);
      await rig.until(() => !rig.tracker.isWritable, 'its new role is received');
      expect(rig.events).toContainEqual({
        type: 'primary.suspected',
        node: nodes[0].address,
        reason: 'not a primary any more',
      });
    });

    it('is not written to when it is a Sentinel', async () => {
      nodes[0].role = 'sentinel';
      rig.source.say(nodes[0], 1, []);
      await rig.until(() => rig.tracker.primaryConnection?.role !== undefined, 'it answers');
      expect(rig.tracker.isWritable).toBe(false);
    });

    it('is written to as soon as it says that it is one', async () => {
      nodes[0].follow(nodes[1]);
      rig.source.say(nodes[0], 1, []);
      await rig.until(() => rig.tracker.primaryConnection?.role?.kind === 'replica', 'it says so');
      nodes[0].role = 'master';
      // While something is wrong every node is asked every 25 ms.
      await rig.pass(40);
      await rig.until(() => rig.tracker.isWritable, 'its new role is received');
    });
  });

  describe('a primary that refuses writes', () => {
    const refuse = async (): Promise<void> => {
      await connect();
      rig.tracker.noteRefusedWrite('NOREPLICAS');
      await rig.pass(1000);
      rig.tracker.noteRefusedWrite('NOREPLICAS');
    };

    it('is told apart from one that is away: writes may be sent to it all the same', async () => {
      await refuse();
      expect(rig.tracker.refusal).toMatchObject({ reason: 'NOREPLICAS' });
      expect(rig.tracker.isWritable).toBe(true);
      rig.tracker.noteAcceptedWrite();
      expect(rig.tracker.refusal).toBeNull();
      expect([count('writes.refused'), count('writes.accepted')]).toEqual([1, 1]);
    });

    it('does so until another node is the primary, or it is none itself', async () => {
      await refuse();
      nodes[1].role = 'master';
      rig.source.say(nodes[1], 2, [nodes[2]]);
      expect(rig.tracker.refusal).toBeNull();
      await rig.until(() => rig.tracker.isWritable, 'the new primary takes writes');
      rig.tracker.noteRefusedWrite('NOREPLICAS');
      await rig.pass(1000);
      rig.tracker.noteRefusedWrite('NOREPLICAS');
      expect(rig.tracker.refusal).not.toBeNull();
      nodes[1].follow(nodes[2]);
      await rig.pass(1000);
      await rig.until(() => !rig.tracker.isWritable, 'its new role is received');
      expect(rig.tracker.refusal).toBeNull();
    });

    it('is tried with a write that changes nothing when the application makes none', async () => {
      await refuse();
      await rig.pass(2100);
      await rig.until(() => rig.tracker.refusal === null, 'the write was accepted');
      expect(nodes[0].arrived('setrange')).toBe(1);
    });
  });

  describe('a suspicion', () => {
    it('comes with a lost connection, once, and is over when it is back', async () => {
      await connect();
      nodes[0].server.resetConnections();
      await rig.until(() => count('primary.suspected') === 1, 'it is suspected');
      expect(rig.source.isUrgent).toBe(true);
      await rig.until(() => rig.tracker.isWritable, 'it is back');
      expect(count('primary.ready')).toBe(2);
      expect(count('primary.suspected')).toBe(1);
      expect(count('connection.lost')).toBe(1);
      expect(rig.source.isUrgent).toBe(false);
    });

    it('comes with a stalled connection', async () => {
      await connect();
      nodes[0].freeze();
      rig.tracker.primary?.nudge();
      await rig.pass(160);
      expect(rig.events).toContainEqual({
        type: 'primary.suspected',
        node: nodes[0].address,
        reason: 'no answer',
      });
      expect(rig.tracker.isWritable).toBe(false);
      nodes[0].thaw();
      await rig.pass(60);
      await rig.until(() => rig.tracker.isWritable, 'it is trusted again');
    });

    it('of a caller makes it ask the node and the Sentinels', async () => {
      await connect();
      const before = nodes[0].arrived('role');
      rig.tracker.suspect(rig.tracker.primary!, 'READONLY');
      expect(rig.source.lookedAgain).toBe(1);
      await rig.until(() => nodes[0].arrived('role') > before, 'the node is asked');
      expect(count('primary.suspected')).toBe(1);
    });

    it('of a restart is reported: the process may have come back without its data', async () => {
      await connect();
      nodes[0].runId = 'run-2';
      nodes[0].server.resetConnections();
      await rig.until(() => count('primary.ready') === 2, 'it is back');
      expect(count('primary.reset')).toBe(1);
    });

    it('of a restart is not reported when only the connection was lost', async () => {
      await connect();
      nodes[0].server.resetConnections();
      await rig.until(() => count('primary.ready') === 2, 'it is back');
      expect(count('primary.reset')).toBe(0);
    });
  });

  describe('a switch', () => {
    it('cuts every connection to the old primary before it is reported', async () => {
      await connect();
      const old = rig.tracker.primary!;
      const loan = await old.pool.acquire(1000);
      let wasCut: boolean | null = null;
      rig.bus.on('primary.switched', () => {
        wasCut = old.state.kind !== 'ready' && !loan.wire.isReady;
      });
      nodes[1].role = 'master';
      rig.source.say(nodes[1], 2, [nodes[2]]);
      expect(wasCut).toBe(true);
      await rig.until(() => rig.tracker.isWritable, 'the new primary takes writes');
      expect(rig.tracker.primaryAddress).toEqual(nodes[1].address);
      expect(rig.events).toContainEqual({
        type: 'primary.switched',
        from: nodes[0].address,
        to: nodes[1].address,
        epoch: 2,
      });
      expect(rig.tracker.history.summary).toMatchObject({ count: 1, last: { epoch: 2 } });
    });

    it('writes nothing to the new primary before it says that it is one', async () => {
      await connect();
      rig.source.say(nodes[1], 2, [nodes[2]]);
      await rig.pass(50);
      expect(rig.tracker.isWritable).toBe(false);
      nodes[1].role = 'master';
      await rig.pass(50);
      await rig.until(() => rig.tracker.isWritable, 'it takes writes');
    });

    it('stays connected to the old primary for some seconds, and then drops it', async () => {
      await connect();
      nodes[1].role = 'master';
      rig.source.say(nodes[1], 2, [nodes[2]]);
      expect(rig.tracker.replicaAddresses).toContainEqual(nodes[0].address);
      await rig.pass(5100);
      rig.source.say(nodes[1], 2, [nodes[2]]);
      expect(rig.tracker.replicaAddresses).toEqual([nodes[2].address]);
      expect(rig.tracker.connectionTo(nodes[0].address)).toBeNull();
    });

    it('treats the old primary as a replica when it is listed as one', async () => {
      await connect();
      nodes[1].role = 'master';
      nodes[0].follow(nodes[1]);
      rig.source.say(nodes[1], 2, [nodes[0], nodes[2]]);
      await rig.until(
        () => rig.tracker.connectionTo(nodes[0].address)?.role?.kind === 'replica',
        'it is connected again',
      );
    });

    it('treats two spellings of one address as one node', async () => {
      await connect();
      const { host, port } = nodes[0].address;
      rig.source.say({ host: host.toUpperCase(), port }, 2, [nodes[1], nodes[2]]);
      expect(count('primary.switched')).toBe(0);
      expect(rig.tracker.epoch).toBe(2);
    });
  });

  describe('the fence', () => {
    it.each(['+selected-slave', '+failover-state-send-slaveof-noone', '+promoted-slave'])(
      'goes up at %s',
      async (step) => {
        await connect();
        rig.source.publish({ ...selected(), step });
        expect(rig.tracker.gate.state).toMatchObject({
          kind: 'paused',
          reason: { by: 'sentinel', step },
        });
        expect(rig.tracker.isWritable).toBe(false);
        expect(rig.source.isUrgent).toBe(true);
      },
    );

    it.each(['+try-failover', '+elected-leader', '+odown', '+sdown', '+slave', '+tilt'])(
      'does not go up at %s',
      async (step) => {
        await connect();
        rig.source.publish({ kind: 'primary', step, node: nodes[0].address });
        expect(rig.tracker.isWritable).toBe(true);
      },
    );

    it('does not go up at a late message about the promotion of the present primary', async () => {
      await connect();
      nodes[1].role = 'master';
      rig.source.say(nodes[1], 2, [nodes[2]]);
      await rig.until(() => rig.tracker.isWritable, 'the switch is done');
      rig.source.publish({ ...selected(), step: '+promoted-slave' });
      expect(rig.tracker.isWritable).toBe(true);
    });

    it('comes down with the switch', async () => {
      await connect();
      rig.source.publish(selected());
      nodes[1].role = 'master';
      rig.source.say(nodes[1], 2, [nodes[2]]);
      expect(rig.tracker.gate.state).toEqual({ kind: 'open' });
    });

    it.each([
      '-failover-abort-not-elected',
      '-failover-abort-no-good-slave',
      '-failover-abort-slave-timeout',
    ])('comes down at %s', async (step) => {
      await connect();
      rig.source.publish(selected());
      rig.source.publish({ kind: 'primary', step, node: nodes[0].address });
      expect(rig.tracker.isWritable).toBe(true);
      expect(count('writes.resumed')).toBe(1);
      expect(rig.source.isUrgent).toBe(false);
    });

    it('comes down when the failover ended without a message', async () => {
      await connect();
      rig.source.publish(selected());
      await rig.pass(1000);
      rig.source.tell([view({ isFailoverInProgress: true }), view()]);
      expect(rig.tracker.isWritable).toBe(false);
      await rig.pass(1000);
      rig.source.tell([view(), view()]);
      expect(rig.tracker.isWritable).toBe(true);
    });

    it('stays up on answers that are older than the message', async () => {
      await connect();
      await rig.pass(100);
      const old = [view(), view()];
      rig.source.publish(selected());
      await rig.pass(2000);
      rig.source.tell(old);
      expect(rig.tracker.isWritable).toBe(false);
      rig.source.tell([]);
      expect(rig.tracker.isWritable).toBe(false);
    });

    it('stays up while one Sentinel of several still has a failover in progress', async () => {
      await connect();
      rig.source.publish(selected());
      await rig.pass(5000);
      rig.source.tell([view(), view({ isFailoverInProgress: true }), view()]);
      expect(rig.tracker.isWritable).toBe(false);
    });

    it('of our own switchover is not taken down by what the Sentinels say', async () => {
      await connect();
      rig.tracker.pauseWrites({ by: 'switchover', step: 'switchover' });
      await rig.pass(3000);
      rig.source.tell([view(), view()]);
      expect(rig.tracker.isWritable).toBe(false);
      rig.tracker.resumeWrites('done');
      expect(rig.tracker.isWritable).toBe(true);
    });

    it('of our own switchover is not taken down when a failover of others is given up', async () => {
      await connect();
      rig.tracker.pauseWrites({ by: 'switchover', step: 'switchover' });
      const step = '-failover-abort-not-elected';
      rig.source.publish({ kind: 'primary', step, node: nodes[0].address });
      expect(rig.tracker.isWritable).toBe(false);
      // Once it is left to the Sentinels, they may.
      rig.tracker.leaveToSentinels();
      rig.source.publish({ kind: 'primary', step, node: nodes[0].address });
      expect(rig.tracker.isWritable).toBe(true);
    });

    it('of our own switchover stays up when Sentinel has only just chosen a replica', async () => {
      await connect();
      rig.tracker.pauseWrites({ by: 'switchover', step: 'switchover' });
      await rig.pass(3000);
      // Asked a moment before the failover began, answered a moment after.
      const before = [view(), view()];
      await rig.pass(50);
      rig.source.publish(selected());
      rig.source.tell(before);
      expect(rig.tracker.isWritable).toBe(false);
    });
  });

  describe('a replica', () => {
    const replica = (isHealthy: boolean) => replicaView(nodes[1].address, { isHealthy });

    it('is asked at once when a Sentinel says that it is up again, after all called it down', async () => {
      await connect();
      rig.source.tell([view({ replicas: [replica(false)] }), view({ replicas: [replica(false)] })]);
      const before = nodes[1].arrived('role');
      rig.source.tell([view({ replicas: [replica(false)] }), view({ replicas: [replica(true)] })]);
      await rig.until(() => nodes[1].arrived('role') === before + 1, 'it is asked');
    });
  });

  describe('history', () => {
    it('has the moments of a failover that this process saw from the start', async () => {
      await connect();
      nodes[0].freeze();
      rig.tracker.primary?.nudge();
      await rig.pass(200);
      const doubted = rig.clock.wallTime();
      rig.source.publish({ kind: 'primary', step: '+sdown', node: nodes[0].address });
      await rig.pass(50);
      rig.source.publish(selected());
      nodes[1].role = 'master';
      rig.source.say(nodes[1], 2, [nodes[2]]);
      const [record] = rig.tracker.history.records;
      expect(record).toMatchObject({
        from: nodes[0].address,
        to: nodes[1].address,
        reason: 'failure',
        sdownAt: doubted,
        switchedAt: doubted + 50,
        firstWriteAt: null,
      });
      expect(record?.suspectedAt).toBeLessThan(doubted);
      await rig.until(() => rig.tracker.isWritable, 'the new primary takes writes');
      await rig.runner.run('set', ['k', 'v'], 'utf8', null);
      expect(rig.tracker.history.summary.last?.firstWriteAt).not.toBeNull();
    });
  });

  describe('listeners', () => {
    it('are called until they stop, and may stop twice', async () => {
      let heard = 0;
      const stop = rig.tracker.onChange(() => heard++);
      await connect();
      expect(heard).toBeGreaterThan(0);
      stop();
      stop();
      const before = heard;
      rig.source.publish(selected());
      expect(heard).toBe(before);
    });
  });

  it('leaves nothing open when it is closed', async () => {
    await connect();
    rig.source.publish(selected());
    rig.tracker.close();
    rig.tracker.close();
    expect(rig.source.isClosed).toBe(true);
    await rig.until(
      () => nodes.every(({ server }) => server.connections.length === 0),
      'the sockets are gone',
    );
    await rig.pass(50);
    expect(rig.clock.pending).toBe(0);
  });
});
