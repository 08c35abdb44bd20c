import { pass, turns, until } from '../../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../../test/support/fake-node.js';
import { ManualClock, reply, type FakeReply } from '../../../testing/index.js';
import { ReopeningWire } from './reopening-wire.js';

describe('ReopeningWire', () => {
  let nodes: FakeNode[];
  let clock: ManualClock;
  let at: number;
  let heard: string[];
  let kept: ReopeningWire;

  beforeEach(async () => {
    nodes = [await FakeNode.start(), await FakeNode.start()];
    clock = new ManualClock();
    at = 0;
    heard = [];
    kept = new ReopeningWire(
      () => ({
        address: nodes[at]!.address,
        access: { username: null, password: 'planted-S3cret', tls: null },
        db: 0,
        keyPrefix: '',
        clientName: 'test',
        connectTimeoutMs: 1000,
        keepAliveMs: 10_000,
      }),
      clock,
      {
        onReady: () => heard.push('ready'),
        onClosed: (reason) => heard.push(reason),
        onMessage: (_, message) => heard.push(`message ${message}`),
      },
    );
  });

  afterEach(async () => {
    kept.close('the test is over');
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const isReady = (): Promise<void> => until(clock, () => kept.ready !== null, 'it is ready');

  it('does nothing before it is opened, and opens once', async () => {
    await pass(clock, 50);
    expect(nodes[0]!.server.connectionsEver).toBe(0);
    kept.open();
    kept.open();
    await isReady();
    expect(nodes[0]!.server.connectionsEver).toBe(1);
    expect(heard).toEqual(['ready']);
  });

  it('comes back after a loss, at once first', async () => {
    kept.open();
    await isReady();
    nodes[0]!.server.resetConnections();
    await until(clock, () => heard.length === 2, 'the loss is heard');
    await isReady();
    expect(clock.now()).toBe(0);
    expect(heard).toEqual(['ready', expect.any(String), 'ready']);
  });

  it('tries ever more calmly while nobody is there, and at once when it is nudged', async () => {
    await nodes[0]!.stop();
    kept.open();
    await pass(clock, 3000);
    const calm = heard.length;
    // Within 840 ms ten times, and then after 250 ms, 500 ms and every 500 ms, a fifth more or less.
    expect(calm).toBeGreaterThanOrEqual(12);
    expect(calm).toBeLessThanOrEqual(16);
    at = 1;
    kept.nudge();
    await isReady();
  });

  it('still says why the attempt before failed when it is nudged', async () => {
    await nodes[0]!.stop();
    kept.open();
    await pass(clock, 1000);
    await until(clock, () => kept.state.kind === 'lost', 'it waits for its next attempt');
    kept.nudge();
    expect(kept.state).toMatchObject({
      kind: 'connecting',
      attempt: 1,
      reason: expect.stringContaining('nobody listens there') as string,
    });
  });

  it('goes to another address when it is told to give the present one up', async () => {
    kept.open();
    await isReady();
    at = 1;
    kept.reopen('the primary moved');
    expect(kept.ready).toBeNull();
    await until(clock, () => nodes[1]!.server.connections.length === 1, 'the other is reached');
    await isReady();
    expect(heard).toEqual(['ready', 'the primary moved', 'ready']);
    await until(clock, () => nodes[0]!.server.connections.length === 0, 'the first is left');
  });

  it('passes messages on, of the new connection too', async () => {
    kept.open();
    await isReady();
    nodes[0]!.server.resetConnections();
    await until(clock, () => heard.length === 2, 'the loss is heard');
    await isReady();
    await kept.ready?.subscribe('subscribe', ['news']);
    nodes[0]!.server.publish('news', 'hello');
    await until(clock, () => heard.includes('message hello'), 'the message arrives');
  });

  describe('credentials that are refused', () => {
    const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';
    const answerAuth = (answer: () => FakeReply | undefined): void => {
      nodes[0]!.override = ([name]) => (name?.toUpperCase() === 'AUTH' ? answer() : undefined);
    };

    it.each([
      ['are wrong', WRONGPASS],
      [
        'are not needed',
        'ERR AUTH <password> called without any password configured for the default user.',
      ],
    ])('count when they %s at each attempt for a second', async (_, text) => {
      answerAuth(() => reply.error(text));
      kept.open();
      await pass(clock, 900);
      expect(heard.length).toBeGreaterThan(1);
      expect(kept.accessRefusedAt).toBeNull();
      await pass(clock, 600);
      expect(kept.accessRefusedAt).toBeGreaterThan(0);
    });

    it('count when there should be some', async () => {
      nodes[0]!.override = ([name]) =>
        name?.toUpperCase() === 'CLIENT'
          ? reply.error('NOAUTH Authentication required.')
          : undefined;
      kept.open();
      await pass(clock, 1500);
      expect(kept.accessRefusedAt).toBeGreaterThan(0);
      expect(heard.at(-1)).toMatch(/it wants a password \(NOAUTH/);
    });

    it('count on when a busy server does not answer in between', async () => {
      let attempts = 0;
      nodes[0]!.override = ([name]) => {
        if (name?.toUpperCase() !== 'AUTH') return undefined;
        attempts++;
        return attempts % 2 === 0
          ? new Promise<undefined>(() => undefined)
          : reply.error(WRONGPASS);
      };
      kept.open();
      await pass(clock, 4000);
      expect(heard.some((reason) => /does not answer/.test(reason))).toBe(true);
      expect(kept.accessRefusedAt).toBeGreaterThan(0);
    });

    it('count no more when they are taken, or an attempt fails for another reason', async () => {
      answerAuth(() => reply.error(WRONGPASS));
      kept.open();
      await pass(clock, 1500);
      expect(kept.accessRefusedAt).toBeGreaterThan(0);
      answerAuth(() => reply.error('ERR max number of clients reached'));
      await pass(clock, 700);
      expect(kept.accessRefusedAt).toBeNull();
      answerAuth(() => reply.error(WRONGPASS));
      await pass(clock, 2500);
      expect(kept.accessRefusedAt).toBeGreaterThan(0);
      answerAuth(() => undefined);
      await pass(clock, 700);
      await isReady();
      expect(kept.accessRefusedAt).toBeNull();
    });
  });

  it.each([
    ['ready', async () => isReady()],
    ['connecting', async () => turns(1)],
    ['waiting', async () => nodes[0]!.stop().then(() => pass(clock, 100))],
  ])('ends for good when it is closed while it is %s', async (_, reach) => {
    kept.open();
    await reach();
    kept.close('done');
    kept.close('done');
    const before = heard.length;
    kept.nudge();
    kept.reopen('x');
    await pass(clock, 600);
    expect(kept.ready).toBeNull();
    expect(heard.length).toBe(before);
    expect(clock.pending).toBe(0);
    await until(clock, () => nodes[0]!.server.connections.length === 0, 'the socket is gone');
  });
});
