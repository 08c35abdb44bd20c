import {
  pass,
  sentinelOptions,
  track,
  turns,
  until,
} from '../../../../../test/support/engine-rig.js';
import { FakeSentinelNode } from '../../../../../test/support/fake-sentinel-node.js';
import { formatAddress, type NodeAddress } from '../../../base/address/index.js';
import { EventBus, type RedisHaEvent } from '../../../base/events/index.js';
import { ManualClock, reply } from '../../../testing/index.js';
import type { SentinelMessage } from './sentinel-message.js';
import { SentinelSource } from './sentinel-source.js';
import type { TopologyReport } from './topology-source.js';

const at = (port: number): NodeAddress => ({ host: '10.0.0.1', port });
const [A, B, C] = [at(1), at(2), at(3)] as const;

describe('SentinelSource', () => {
  let clock: ManualClock;
  let events: RedisHaEvent[];
  let sentinels: FakeSentinelNode[];
  let source: SentinelSource;
  let told: string[];
  let messages: SentinelMessage[];
  let report: TopologyReport | null;
  let refusals: number;

  beforeEach(async () => {
    clock = new ManualClock();
    events = [];
    told = [];
    messages = [];
    report = null;
    refusals = 0;
    const story = { primary: A, epoch: 5, replicas: [B] };
    sentinels = await Promise.all(
      ['s1', 's2', 's3'].map((id) => FakeSentinelNode.start(id, story)),
    );
  });

  afterEach(async () => {
    source.close();
    await Promise.all(sentinels.map((sentinel) => sentinel.stop()));
  });

  const start = (options: Parameters<typeof sentinelOptions>[0] = {}): void => {
    const bus = new EventBus();
    bus.onAny((event) => events.push(event));
    const nodes = sentinels.slice(0, 3).map(({ address }) => address);
    const resolved = sentinelOptions({ ...options, sentinel: { nodes, ...options.sentinel } });
    source = new SentinelSource(resolved, clock, bus);
    source.start({
      onTopology: (primary, epoch) => told.push(`${String(primary.port)}@${String(epoch)}`),
      onStep: (message) => messages.push(message),
      onReport: (one) => (report = one),
      onRefused: () => refusals++,
    });
  };

  const allAnswer = (count = 3): Promise<void> =>
    until(clock, () => source.desk.views().length === count, `${String(count)} Sentinels answer`);
  const allSubscribed = (): Promise<void> =>
    until(
      clock,
      () => source.desk.statuses().every(({ isSubscribed }) => isSubscribed),
      'all are subscribed',
    );
  const know = (primary: NodeAddress, epoch: number, ...who: FakeSentinelNode[]): void => {
    for (const one of who) one.story = { primary, epoch };
  };
  const last = (): string | undefined => told.at(-1);

  describe('which Sentinels it follows', () => {
    it('follows what the Sentinels agree on', async () => {
      start();
      await allAnswer();
      expect(last()).toBe('1@5');
      expect(source.desk.views()[0]).toMatchObject({
        quorum: 2,
        replicas: [{ address: B, isHealthy: true }],
      });
      expect(report?.isDown(B)).toBe(false);
      expect(report?.noFailoverSince).toBe(clock.now());
    });

    it('waits for a majority at the start, while the others may still answer', async () => {
      sentinels[1]!.manners = 'mute';
      sentinels[2]!.manners = 'mute';
      start();
      await allAnswer(1);
      await turns(10);
      expect(told).toEqual([]);
      await pass(clock, 520);
      expect(last()).toBe('1@5');
    });

    it('ignores one that is behind', async () => {
      know(C, 4, sentinels[0]!);
      start();
      await allAnswer();
      await source.lookAgain();
      expect(new Set(told)).toEqual(new Set(['1@5']));
    });

    it('follows the first that has a newer epoch', async () => {
      start();
      await allAnswer();
      know(B, 6, sentinels[2]!);
      await source.lookAgain();
      expect(last()).toBe('2@6');
      await source.lookAgain();
      expect(last()).toBe('2@6');
    });

    it('does not go back when the only one that has the newer epoch stops answering', async () => {
      start();
      await allAnswer();
      know(B, 6, sentinels[2]!);
      await source.lookAgain();
      await sentinels[2]!.stop();
      await until(clock, () => source.desk.views().length === 2, 'it is gone');
      await source.lookAgain();
      expect(last()).toBe('2@6');
    });

    it('follows Sentinels that were all set up again', async () => {
      start();
      await allAnswer();
      know(C, 0, ...sentinels);
      await source.lookAgain();
      expect(last()).toBe('1@5');
      await pass(clock, 11_500);
      expect(last()).toBe('3@0');
    });
  });

  describe('one that misbehaves', () => {
    it('and never answers counts as lost, and does not hold up the others', async () => {
      sentinels[0]!.manners = 'mute';
      start();
      await allAnswer(2);
      expect(last()).toBe('1@5');
      await pass(clock, 600);
      expect(source.desk.statuses()[0]).toMatchObject({ isAnswering: false, isSubscribed: false });
      expect(source.desk.statuses()[0]?.problem).toEqual(expect.any(String));
    });

    it('and stops answering later is noticed within its deadline', async () => {
      start();
      await allAnswer();
      sentinels[0]!.manners = 'mute';
      await pass(clock, 1600);
      expect(source.desk.views()).toHaveLength(2);
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'sentinel.lost', sentinel: sentinels[0]!.address }),
      );
      sentinels[0]!.manners = 'polite';
      await pass(clock, 1500);
      await allAnswer();
    });

    it.each(['garbage', 'half'] as const)(
      'and answers %s is doubted, not believed',
      async (how) => {
        sentinels[0]!.manners = how;
        start();
        await allAnswer(2);
        await pass(clock, 50);
        expect(source.desk.statuses()[0]?.problem).toEqual(expect.any(String));
        expect(last()).toBe('1@5');
      },
    );

    it('and does not know the group is reported with that reason', async () => {
      sentinels[0]!.story = { primary: C, epoch: 99, masterName: 'other' };
      start();
      await allAnswer(2);
      await pass(clock, 20);
      expect(source.desk.statuses()[0]?.problem).toMatch(/No such master|no address/);
      expect(last()).toBe('1@5');
    });

    it('and refuses to list the others is followed all the same', async () => {
      for (const sentinel of sentinels) {
        sentinel.override = ([, subcommand = '']) =>
          ['sentinels', 'replicas', 'myid'].includes(subcommand.toLowerCase())
            ? reply.error('NOPERM no permissions')
            : undefined;
      }
      start();
      await allAnswer();
      expect(last()).toBe('1@5');
    });
  });

  describe('a message', () => {
    beforeEach(async () => {
      start();
      await allAnswer();
      await allSubscribed();
    });

    it('of a switch makes it ask the Sentinel that sent it, at once', async () => {
      know(B, 6, sentinels[1]!);
      sentinels[1]!.publish('+switch-master', 'mymaster 10.0.0.1 1 10.0.0.1 2');
      await until(clock, () => last() === '2@6', 'the switch is followed');
      expect(messages).toEqual([{ kind: 'switch', from: A, to: B }]);
    });

    it('of a switch is not followed by itself: the Sentinel must have the newer epoch', async () => {
      sentinels[0]!.publish('+switch-master', 'mymaster 10.0.0.1 1 10.0.0.1 3');
      await until(clock, () => messages.length === 1, 'the message arrives');
      await source.lookAgain();
      expect(last()).toBe('1@5');
    });

    it('of another group is ignored', async () => {
      await pass(clock, 20);
      const before = sentinels[0]!.asked;
      sentinels[0]!.publish('+switch-master', 'other 10.0.0.1 1 10.0.0.1 3');
      sentinels[0]!.publish('+switch-master', 'mymaster2 10.0.0.1 1 10.0.0.1 3');
      sentinels[0]!.publish('+odown', 'master mymaster 10.0.0.1 1 #quorum 2/2');
      await until(clock, () => messages.length === 1, 'the last arrives');
      expect(messages[0]).toMatchObject({ kind: 'primary', step: '+odown' });
      expect(sentinels[0]!.asked).toBe(before);
    });

    it('missed while a subscription was interrupted is asked for afterwards', async () => {
      const [first] = sentinels;
      first!.server.resetConnections();
      know(B, 6, first!);
      await until(clock, () => last() === '2@6', 'the switch is learnt of');
      await allSubscribed();
    });
  });

  describe('asking', () => {
    it('happens at intervals, which are short while it is urgent', async () => {
      start();
      await allAnswer();
      await allSubscribed();
      await pass(clock, 50);
      const [first] = sentinels;
      let before = first!.asked;
      await pass(clock, 3000);
      expect(first!.asked - before).toBe(3);
      before = first!.asked;
      source.setUrgent(true);
      await pass(clock, 750);
      const often = first!.asked - before;
      expect(often).toBeGreaterThanOrEqual(9);
      expect(often).toBeLessThanOrEqual(12);
      source.setUrgent(false);
      before = first!.asked;
      await pass(clock, 1000);
      expect(first!.asked - before).toBeLessThanOrEqual(2);
    });

    it('again while a question is under way resolves with the answer to the second question', async () => {
      start();
      await allAnswer();
      await allSubscribed();
      await pass(clock, 20);
      const before = sentinels[0]!.asked;
      const first = track(source.lookAgain());
      while (sentinels[0]!.asked === before) await turns(1);
      // The answers to the first question are on their way.
      know(B, 6, ...sentinels);
      await source.lookAgain();
      expect(last()).toBe('2@6');
      await until(clock, () => first.state === 'resolved', 'the first is over too');
    });

    it('one of them chooses one that fits and answers', async () => {
      start();
      await allAnswer();
      const answer = source.desk.ask(({ id }) => id === 's2', 'ckquorum', 'mymaster');
      await expect(answer).resolves.toMatch(/^OK/);
      expect(source.desk.ask(({ id }) => id === 'nobody', 'ckquorum', 'mymaster')).toBeNull();
    });

    it('one of them returns null while none can be reached', () => {
      start();
      expect(source.desk.ask(() => true, 'ckquorum', 'mymaster')).toBeNull();
    });
  });

  describe('why it names no primary', () => {
    it('is that nobody has answered, at first', () => {
      start();
      const all = sentinels.map(({ address }) => formatAddress(address)).join(', ');
      expect(source.whyUnknown()).toBe(
        `no Sentinel names one: 3 Sentinels (${all}): no answer yet`,
      );
    });

    it('is that they know no group of this name, and which option to check', async () => {
      for (const one of sentinels) {
        one.override = () => reply.error('ERR No such master with that name');
      }
      start();
      await until(clock, () => !source.whyUnknown().includes('no answer yet'), 'all have answered');
      expect(source.whyUnknown()).toContain(
        `${formatAddress(sentinels.at(-1)!.address)}): it knows no group named "mymaster" ` +
          '(ERR No such master with that name); check sentinel.masterName',
      );
    });

    it('is that they want a password, and which option to set', async () => {
      for (const one of sentinels) {
        one.override = () => reply.error('NOAUTH Authentication required.');
      }
      start();
      await until(clock, () => !source.whyUnknown().includes('no answer yet'), 'all have answered');
      expect(source.whyUnknown()).toContain(
        'it wants a password (NOAUTH Authentication required); set sentinel.password',
      );
    });

    it('is for good when all have refused the password for a while, and not while one has not', async () => {
      for (const sentinel of sentinels) sentinel.manners = 'strict';
      sentinels[2]!.manners = 'mute';
      start({ sentinel: { password: 'planted-S3cret' } });
      await pass(clock, 3000);
      expect([source.accessRefusedAt, refusals]).toEqual([null, 0]);
      sentinels[2]!.manners = 'strict';
      await pass(clock, 3000);
      expect(source.accessRefusedAt).toBeGreaterThan(0);
      expect(refusals).toBeGreaterThan(0);
      sentinels[1]!.manners = 'polite';
      await pass(clock, 1000);
      expect(source.accessRefusedAt).toBeNull();
    });

    it('is that too few have answered, while the others may still do so', async () => {
      sentinels[1]!.manners = 'mute';
      sentinels[2]!.manners = 'mute';
      start();
      await allAnswer(1);
      expect(source.whyUnknown()).toMatch(/^1 of 3 Sentinels has answered, too few to believe: /);
    });
  });

  describe('other Sentinels', () => {
    const addresses = (): string[] =>
      source.desk.statuses().map(({ address }) => formatAddress(address));

    const newSentinel = async (id: string): Promise<FakeSentinelNode> => {
      const one = await FakeSentinelNode.start(id, { primary: A, epoch: 5 });
      sentinels.push(one);
      return one;
    };
    const silenceConfigured = async (): Promise<void> => {
      for (const one of sentinels.slice(0, 3)) one.manners = 'mute';
      await pass(clock, 1600);
      expect(source.desk.views()).toEqual([]);
    };

    it('that are listed get no connection, no password and no belief while a configured one answers', async () => {
      const rogue = await newSentinel('s4');
      rogue.story = { primary: C, epoch: 9000 };
      for (const one of sentinels.slice(0, 3)) one.others = [rogue.asListed];
      start({ sentinel: { password: 'planted-S3cret' } });
      await allAnswer();
      await sentinels[1]!.stop();
      await sentinels[2]!.stop();
      await pass(clock, 8000);
      expect(rogue.server.connectionsEver).toBe(0);
      expect(last()).toBe('1@5');
      // One configured Sentinel is enough to learn of a failover.
      know(B, 6, sentinels[0]!);
      await source.lookAgain();
      expect(last()).toBe('2@6');
    });

    it('decide when no configured one has answered for a while, and leave it to those again', async () => {
      const fourth = await newSentinel('s4');
      const fifth = await newSentinel('s5');
      sentinels[0]!.others = [fourth.asListed, fifth.asListed];
      fourth.others = [fifth.asListed];
      start();
      await allAnswer();
      await silenceConfigured();
      await pass(clock, 4000);
      expect(fourth.server.connectionsEver).toBe(0);
      know(B, 6, fourth, fifth);
      await pass(clock, 2500);
      await allAnswer(2);
      expect(last()).toBe('2@6');
      know(C, 7, sentinels[0]!);
      sentinels[0]!.manners = 'polite';
      await pass(clock, 1000);
      expect(last()).toBe('3@7');
      expect(addresses()).toHaveLength(3);
    });

    it('that a discovered one lists are found too, so that a group may be replaced one by one', async () => {
      const fourth = await newSentinel('s4');
      const fifth = await newSentinel('s5');
      sentinels[0]!.others = [fourth.asListed];
      fourth.others = [fifth.asListed];
      start();
      await allAnswer();
      await silenceConfigured();
      await pass(clock, 6500);
      await allAnswer(2);
      await fourth.stop();
      know(B, 6, fifth);
      await pass(clock, 1500);
      expect(last()).toBe('2@6');
    });

    it('are left alone for ever when discovery is switched off', async () => {
      const fourth = await newSentinel('s4');
      sentinels[0]!.others = [fourth.asListed];
      start({ sentinel: { discover: false } });
      await allAnswer();
      await silenceConfigured();
      await pass(clock, 8000);
      expect(fourth.server.connectionsEver).toBe(0);
    });

    it('that were configured stay, however long they are away', async () => {
      start();
      await allAnswer();
      const gone = sentinels[2]!;
      await gone.stop();
      await pass(clock, 3000);
      expect(addresses()).toContain(formatAddress(gone.address));
    });

    it('with two addresses count as one', async () => {
      const [first, second] = sentinels;
      const alias = await FakeSentinelNode.start('s2', { primary: A, epoch: 5 });
      sentinels.push(alias);
      first!.others = [{ address: alias.address, id: 's2' }, second!.asListed];
      start();
      await allAnswer(3);
      await source.lookAgain();
      await pass(clock, 50);
      await source.lookAgain();
      expect(addresses()).toEqual(
        sentinels.slice(0, 3).map(({ address }) => formatAddress(address)),
      );
      expect(source.desk.views()).toHaveLength(3);
    });

    it('are reached at the address that the mapper returns', async () => {
      const fourth = await FakeSentinelNode.start('s4', { primary: A, epoch: 5 });
      sentinels.push(fourth);
      sentinels[0]!.others = [{ address: at(26_379), id: 's4' }];
      start({ sentinel: { natMap: { '10.0.0.1:26379': fourth.address } } });
      await allAnswer();
      await silenceConfigured();
      await pass(clock, 6500);
      await allAnswer(1);
    });

    it('are reached as announced when the mapper fails for them, and nothing else stops', async () => {
      sentinels[0]!.others = [{ address: at(26_379), id: 's4' }];
      const natMap = (): never => {
        throw new TypeError('the table is not loaded');
      };
      start({ sentinel: { natMap } });
      await allAnswer(3);
      know(B, 6, ...sentinels);
      await source.lookAgain();
      expect(last()).toBe('2@6');
      expect(source.desk.statuses().slice(0, 3)).toEqual(
        [1, 2, 3].map(() => expect.objectContaining({ problem: null }) as unknown),
      );
      const doubts = events.filter(({ type }) => type === 'settings.doubtful');
      expect(doubts).toMatchObject([{ problem: { value: '10.0.0.1:26379' } }]);
    });
  });

  it('never shows the password of the Sentinels', async () => {
    for (const sentinel of sentinels) sentinel.manners = 'garbage';
    start({ sentinel: { password: 'planted-S3cret' } });
    await pass(clock, 100);
    expect(JSON.stringify([source.desk.statuses(), events])).not.toContain('planted-S3cret');
  });

  it.each([
    ['everybody answers', () => allAnswer()],
    ['it is connecting', () => turns(1)],
    ['one is mute', () => pass(clock, 700)],
  ])('leaves no socket and no timer when it is closed while %s', async (_, reach) => {
    if (_ === 'one is mute') sentinels[0]!.manners = 'mute';
    start();
    await reach();
    source.close();
    source.close();
    await until(
      clock,
      () => sentinels.every(({ server }) => server.connections.length === 0),
      'the sockets are gone',
    );
    await pass(clock, 1100);
    expect(clock.pending).toBe(0);
    const count = told.length;
    await source.lookAgain();
    expect(told).toHaveLength(count);
  });
});
