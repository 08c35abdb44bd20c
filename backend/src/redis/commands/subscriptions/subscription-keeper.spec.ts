import { newRig, track, turns, type Rig } from '../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../test/support/fake-node.js';
import { reply } from '../../testing/index.js';
import { Subscriptions } from './subscriptions.js';
import { asText, type KeptSubscribeOptions, type Subscription } from './subscription.js';

/** After so long what is refused is asked for again. */
const ASK_AGAIN_MS = 500;

describe('subscriptions', () => {
  let rig: Rig;
  let primary: FakeNode;
  let other: FakeNode;
  let keeper: Subscriptions;
  let heard: string[];

  beforeEach(async () => {
    primary = await FakeNode.start();
    other = await FakeNode.start();
    other.follow(primary);
    rig = newRig();
    heard = [];
    keeper = new Subscriptions(rig.tracker, rig.options.node, rig.clock, rig.bus);
  });

  afterEach(async () => {
    keeper.close();
    rig.close();
    await Promise.all([primary.stop(), other.stop()]);
  });

  const connect = async (): Promise<void> => {
    rig.source.say(primary, 1, [other]);
    await rig.until(() => rig.tracker.isWritable, 'the primary is connected');
  };
  const failOver = async (): Promise<void> => {
    other.role = 'master';
    rig.source.say(other, 2, []);
    await rig.until(() => rig.tracker.isWritable, 'the new primary is connected');
  };
  const listen = (
    channels: readonly string[],
    options: Partial<KeptSubscribeOptions> = {},
    kind: 'subscribe' | 'psubscribe' | 'ssubscribe' = 'subscribe',
  ): Promise<Subscription> => {
    const listener = (message: string, channel: string): void => {
      heard.push(`${channel}: ${message}`);
    };
    return keeper.subscribe(kind, channels, asText(listener), { timeoutMs: 1000, ...options });
  };
  const subscribed = (node: FakeNode, channel: string): boolean =>
    node.server.connections.some(({ channels }) => channels.has(channel));
  const hears = (what: string): Promise<void> =>
    rig.until(() => heard.includes(what), `"${what}" is heard`);

  it('delivers messages once Redis has confirmed the subscription', async () => {
    await connect();
    await listen(['news', 'sport']);
    expect(primary.server.publish('sport', 'goal')).toBe(1);
    await hears('sport: goal');
    expect(keeper.size).toBe(2);
  });

  it('waits for a primary when there is none yet', async () => {
    const waiting = track(listen(['news']));
    await turns(3);
    expect(waiting.state).toBe('pending');
    await connect();
    await rig.until(() => waiting.state === 'resolved', 'it is confirmed');
  });

  it('uses one connection for all, and delivers to every listener', async () => {
    await connect();
    await listen(['news']);
    const before = primary.server.connectionsEver;
    await listen(['news']);
    await listen(['sport']);
    expect(primary.server.connectionsEver).toBe(before);
    primary.server.publish('news', 'x');
    await rig.until(() => heard.length === 2, 'both hear it');
  });

  it('hears sharded channels apart from channels of the same name', async () => {
    await connect();
    await listen(['news']);
    await listen(['news'], {}, 'ssubscribe');
    expect(primary.server.publishShard('news', 'sharded')).toBe(1);
    await hears('news: sharded');
    primary.server.publish('news', 'plain');
    await hears('news: plain');
    expect(heard).toEqual(['news: sharded', 'news: plain']);
  });

  it('follows the primary with sharded channels, and tells of the gap', async () => {
    await connect();
    const gaps: number[] = [];
    await listen(['orders'], { onGap: (gapMs) => gaps.push(gapMs) }, 'ssubscribe');
    await failOver();
    await rig.until(() => gaps.length === 1, 'the gap is told');
    expect(other.server.publishShard('orders', 'one')).toBe(1);
    await hears('orders: one');
  });

  it('ends a sharded channel with its own command, and still hears the others', async () => {
    await connect();
    await listen(['stays']);
    await listen(['also'], {}, 'ssubscribe');
    const subscription = await listen(['ends'], {}, 'ssubscribe');
    await subscription.unsubscribe();
    expect(primary.server.publishShard('ends', 'x')).toBe(0);
    expect(primary.server.publish('stays', 'still heard')).toBe(1);
    await hears('stays: still heard');
  });

  it('gives messages and channels as Buffers', async () => {
    await connect();
    const received: Buffer[][] = [];
    const listener = (message: Buffer, channel: Buffer): void => {
      received.push([message, channel]);
    };
    await keeper.subscribe('subscribe', ['bytes'], listener, { timeoutMs: 1000 });
    primary.server.publish('bytes', 'x');
    await rig.until(() => received.length === 1, 'it is heard');
    expect(received).toEqual([[Buffer.from('x'), Buffer.from('bytes')]]);
  });

  it.each(['before', 'after'])(
    'ends what Redis refuses with its reason, and lets the others go on: asked %s there is a primary',
    async (when) => {
      const refuse = (node: FakeNode): void => {
        node.override = (words) =>
          words.includes('forbidden')
            ? reply.error('NOPERM No permissions to access a channel')
            : undefined;
      };
      refuse(primary);
      if (when === 'after') await connect();
      const good = track(listen(['news']));
      const bad = track(listen(['also', 'forbidden'], {}, 'ssubscribe'));
      if (when === 'before') await connect();
      await rig.until(() => bad.state !== 'pending' && good.state !== 'pending', 'both are over');
      expect(good.state).toBe('resolved');
      expect(bad.error).toMatchObject({
        code: 'COMMAND_REJECTED',
        details: { command: 'ssubscribe', reply: 'NOPERM' },
      });
      primary.server.publish('news', 'x');
      await hears('news: x');
      expect(keeper.size).toBe(1);
    },
  );

  it('asks again for what was confirmed once and is refused now, whoever else waits', async () => {
    await connect();
    const gaps: number[] = [];
    await listen(['news'], { onGap: (gapMs) => gaps.push(gapMs) });
    let isRefused = true;
    other.override = (words) =>
      isRefused && words.includes('news') ? reply.error('NOPERM No permissions') : undefined;
    await failOver();
    const late = track(listen(['late'], { timeoutMs: 10_000 }));
    await rig.until(() => other.arrived('subscribe') > 0, 'it is refused');
    await rig.pass(50);
    isRefused = false;
    await rig.pass(2_000);
    expect([late.state, gaps.length]).toEqual(['resolved', 1]);
    expect(other.server.publish('news', 'again')).toBe(1);
    await hears('news: again');
  });

  it('says each time that Redis refuses what it has confirmed before, and why', async () => {
    await connect();
    const told: string[] = [];
    await listen(['news'], { onRefused: ({ message }) => told.push(message) });
    other.override = (words) =>
      words.includes('news') ? reply.error('NOPERM No permissions') : undefined;
    await failOver();
    await rig.until(() => told.length > 0, 'it is refused');
    await rig.pass(ASK_AGAIN_MS);
    await rig.until(() => told.length > 1, 'it was refused twice');
    expect(told[0]).toContain('NOPERM');
  });

  it('asks again only for what is refused: the others keep their connection and miss nothing', async () => {
    await connect();
    const told: string[] = [];
    const note = (name: string): Partial<KeptSubscribeOptions> => ({
      onLost: () => told.push(`${name} lost`),
      onGap: () => told.push(`${name} back`),
      onRefused: () => told.push(`${name} refused`),
    });
    await listen(['news'], note('news'));
    await listen(['sport'], note('sport'));
    let isRefused = true;
    other.override = (words) =>
      isRefused && words.includes('news') ? reply.error('NOPERM No permissions') : undefined;
    await failOver();
    await rig.until(() => subscribed(other, 'sport'), 'the other is heard');
    const connections = other.server.connectionsEver;
    const refusals = (): number => told.filter((line) => line === 'news refused').length;
    for (let times = 1; times <= 3; times++) {
      await rig.until(() => refusals() >= times, 'it was refused again');
      await rig.pass(ASK_AGAIN_MS);
    }
    const late = track(listen(['news']));
    await rig.until(() => late.state !== 'pending', 'who comes later is refused');
    expect(late.error).toMatchObject({ code: 'COMMAND_REJECTED' });
    isRefused = false;
    await rig.pass(ASK_AGAIN_MS);
    await rig.until(() => told.includes('news back'), 'it is heard');
    expect(told.filter((line) => line !== 'news refused')).toEqual([
      'news lost',
      'sport lost',
      'sport back',
      'news back',
    ]);
    expect(other.server.connectionsEver).toBe(connections);
    await listen(['news']);
    other.server.publish('news', 'x');
    await hears('news: x');
  });

  it('subscribes to patterns, and passes on the channel of each message', async () => {
    await connect();
    await listen(['n*'], {}, 'psubscribe');
    const connection = primary.server.connections.find(({ patterns }) => patterns.has('n*'));
    connection?.send(reply.push('pmessage', 'n*', 'news', 'hello'));
    await hears('news: hello');
  });

  it('does not take a channel for a pattern of the same name', async () => {
    await connect();
    await listen(['n*'], {}, 'psubscribe');
    primary.server.connections.at(-1)?.send(reply.push('message', 'n*', 'not for patterns'));
    primary.server.connections.at(-1)?.send(reply.push('pmessage', 'n*', 'n1', 'for patterns'));
    await hears('n1: for patterns');
    expect(heard).toHaveLength(1);
  });

  it('moves with the primary, and reports how long it was interrupted', async () => {
    await connect();
    const gaps: number[] = [];
    await listen(['news'], { onGap: (gapMs) => gaps.push(gapMs) });
    await failOver();
    await rig.until(() => gaps.length === 1, 'the gap is reported');
    expect(subscribed(other, 'news')).toBe(true);
    other.server.publish('news', 'hello');
    await hears('news: hello');
    expect(rig.events).toContainEqual({
      type: 'subscription.moved',
      to: other.address,
      gapMs: gaps[0],
    });
  });

  it('comes back after a lost connection, with a gap', async () => {
    await connect();
    const gaps: number[] = [];
    await listen(['news'], { onGap: (gapMs) => gaps.push(gapMs) });
    primary.server.resetConnections();
    await rig.until(() => gaps.length === 1, 'it is back');
    primary.server.publish('news', 'again');
    await hears('news: again');
  });

  it('reports the loss at once, and the gap when it is back', async () => {
    await connect();
    const told: string[] = [];
    await listen(['news'], { onLost: () => told.push('lost'), onGap: () => told.push('gap') });
    primary.server.resetConnections();
    await rig.until(() => told.length === 2, 'it is back');
    expect(told).toEqual(['lost', 'gap']);
  });

  it('tells of a loss and of its end only those who were told that they hear', async () => {
    await connect();
    const told: string[] = [];
    const telling = (who: string) => ({
      onLost: () => told.push(`${who} lost`),
      onGap: () => told.push(`${who} gap`),
    });
    await listen(['news'], telling('first'));
    primary.server.resetConnections();
    const late = track(listen(['late'], telling('late')));
    await rig.until(() => late.state === 'resolved' && told.length > 1, 'both hear');
    await turns(3);
    expect(told).toEqual(['first lost', 'first gap']);
  });

  it('tells of a loss that comes in the same moment as the confirmation', async () => {
    await connect();
    await listen(['before']);
    const told: string[] = [];
    primary.override = ([name, channel]) => {
      if (name?.toUpperCase() !== 'SUBSCRIBE' || channel !== 'broken') return undefined;
      primary.override = () => undefined;
      return reply.error('LOADING Redis is loading the dataset in memory');
    };
    // Both leave in one turn, and the answers come together: the second ends the connection.
    const first = listen(['news'], {
      onHearing: () => told.push('hearing'),
      onLost: () => told.push('lost'),
      onGap: () => told.push('gap'),
    });
    const second = listen(['broken']);
    await first;
    await rig.until(() => told.length > 3 || rig.clock.advance(5), 'it hears again');
    await second;
    expect(told).toEqual(['hearing', 'lost', 'gap', 'hearing']);
  });

  it('reports no gap for its first subscription, however long it had to wait', async () => {
    const gaps: number[] = [];
    await primary.stop();
    const waiting = track(listen(['news'], { onGap: (gapMs) => gaps.push(gapMs) }));
    rig.source.say(primary, 1, [other]);
    await rig.pass(200);
    await failOver();
    await rig.until(() => waiting.state === 'resolved' || rig.clock.advance(5), 'confirmed');
    await rig.pass(50);
    expect(waiting.state).toBe('resolved');
    expect(gaps).toEqual([]);
    expect(rig.events.filter(({ type }) => type === 'subscription.moved')).toEqual([]);
  });

  it('notices a connection that is silent for good', async () => {
    await connect();
    const gaps: number[] = [];
    await listen(['news'], { onGap: (gapMs) => gaps.push(gapMs) });
    primary.freeze();
    await rig.pass(5100);
    primary.thaw();
    await rig.pass(1500);
    await rig.until(() => gaps.length === 1, 'it is back');
  });

  it('is refused soon when the primary refuses the credentials of its connection', async () => {
    await connect();
    primary.override = ([name]) =>
      name?.toUpperCase() === 'CLIENT' ? reply.error('NOAUTH Authentication required.') : undefined;
    const waiting = track(listen(['news'], { timeoutMs: 600_000 }));
    await rig.pass(2500);
    expect(waiting.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    expect(String(waiting.error)).toMatch(
      /not confirmed: no connection for it: it wants a password/,
    );
    expect(keeper.size).toBe(0);
  });

  it('is confirmed by no Sentinel, which hears nothing that is published on nodes', async () => {
    primary.role = 'sentinel';
    rig.source.say(primary, 1, []);
    const waiting = track(listen(['news'], { timeoutMs: 1000 }));
    await rig.pass(1200);
    expect(waiting.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    expect(primary.arrived('subscribe')).toBe(0);
  });

  it('rejects and removes the listener when it is not confirmed in time', async () => {
    const waiting = track(listen(['news'], { timeoutMs: 100 }));
    await rig.pass(110);
    expect(waiting.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    expect(keeper.size).toBe(0);
    await connect();
    await rig.pass(20);
    expect(subscribed(primary, 'news')).toBe(false);
  });

  it('ends one subscription and leaves the others', async () => {
    await connect();
    const [first, second] = [await listen(['news', 'sport']), await listen(['news'])];
    await first.unsubscribe();
    await first.unsubscribe();
    await rig.until(() => !subscribed(primary, 'sport'), 'the unused one is given up');
    primary.server.publish('news', 'hello');
    await hears('news: hello');
    expect(heard).toHaveLength(1);
    await second.unsubscribe();
    await rig.until(() => primary.server.connections.length === 1, 'the connection is closed');
    expect(keeper.size).toBe(0);
  });

  it('goes on when a listener throws, and reports it', async () => {
    await connect();
    await keeper.subscribe(
      'subscribe',
      ['news'],
      () => {
        throw new TypeError('listener failed');
      },
      { timeoutMs: 1000 },
    );
    await listen(['news']);
    primary.server.publish('news', 'hello');
    await hears('news: hello');
    expect(rig.events).toContainEqual(
      expect.objectContaining({ type: 'listener.failed', event: 'message' }),
    );
  });

  it.each([
    ['rejects', async () => Promise.reject(new TypeError('listener failed'))],
    ['rejects as a thenable', () => ({ then: (_: unknown, no: (e: unknown) => void) => no(1) })],
  ])('contains a listener that %s later, and reports it', async (_, listener) => {
    await connect();
    await keeper.subscribe('subscribe', ['news'], listener, { timeoutMs: 1000 });
    await listen(['news']);
    primary.server.publish('news', 'hello');
    await hears('news: hello');
    await turns(2);
    const failed = rig.events.filter(({ type }) => type === 'listener.failed');
    expect(failed).toEqual([expect.objectContaining({ event: 'message' })]);
  });

  it('counts a channel and a pattern of the same name apart, and forgets those nobody listens to', async () => {
    await connect();
    const channel = await listen(['n*']);
    const pattern = await listen(['n*'], {}, 'psubscribe');
    const twice = await listen(['n*', 'n*']);
    expect(keeper.size).toBe(2);
    await channel.unsubscribe();
    expect(keeper.size).toBe(2);
    await twice.unsubscribe();
    expect(keeper.size).toBe(1);
    await pattern.unsubscribe();
    expect(keeper.size).toBe(0);
  });

  it('goes to a new primary at once, however long the old one could not be reached', async () => {
    await connect();
    await listen(['news']);
    await primary.stop();
    await rig.pass(3000);
    other.role = 'master';
    rig.source.say(other, 2, []);
    const since = rig.clock.now();
    await rig.until(() => subscribed(other, 'news'), 'it is subscribed there');
    expect(rig.clock.now()).toBe(since);
  });

  it('goes on when onGap throws, and reports it', async () => {
    await connect();
    const gaps: number[] = [];
    await listen(['news'], {
      onGap: () => {
        throw new TypeError('onGap failed');
      },
    });
    await listen(['news'], { onGap: (gapMs) => gaps.push(gapMs) });
    primary.server.resetConnections();
    await rig.until(() => gaps.length === 1, 'the second hears of the gap');
    expect(rig.events).toContainEqual(expect.objectContaining({ type: 'listener.failed' }));
  });

  it('leaves nothing open when it is closed', async () => {
    await connect();
    await listen(['news']);
    primary.freeze();
    const waiting = track(listen(['sport']));
    await turns(3);
    keeper.close();
    keeper.close();
    await turns(2);
    expect(waiting.error).toMatchObject({ code: 'CLOSED' });
    await expect(listen(['late'])).rejects.toMatchObject({ code: 'CLOSED' });
    await rig.until(() => primary.server.connections.length === 1, 'its connection is gone');
    rig.tracker.close();
    await rig.pass(50);
    expect(rig.clock.pending).toBe(0);
  });
});
