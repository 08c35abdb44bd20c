import { ManualClock } from '../testing/index.js';
import { ChangeNotices } from './change-notices.js';
import type { RedisPort } from './store/redis-port.js';

const STAMP = '0'.repeat(32);

/** A port that only listens. */
class Channel {
  readonly listeners = new Set<(message: string) => void>();
  joined = 0;
  failure: Error | null = null;

  readonly port = {
    listen: (_channel: string, onMessage: (message: string) => void) => {
      this.joined++;
      if (this.failure !== null) return Promise.reject(this.failure);
      this.listeners.add(onMessage);
      return Promise.resolve(() => this.listeners.delete(onMessage));
    },
  } as unknown as RedisPort;

  publish(message: string): void {
    for (const listener of this.listeners) listener(message);
  }
}

describe('whoever waits for a change', () => {
  const never = new AbortController().signal;
  let clock: ManualClock;
  let channel: Channel;
  let notices: ChangeNotices;

  beforeEach(() => {
    clock = new ManualClock();
    channel = new Channel();
    notices = new ChangeNotices(channel.port, 'users~changed', clock, () => undefined);
  });

  it('is woken by a notice of the key, and of no other', async () => {
    const woken: string[] = [];
    const wait = (key: string): Promise<void> =>
      notices.untilChanged(key, 1_000, never).then(() => void woken.push(key));
    const waits = [wait('users:a'), wait('users:b')];
    await clock.advance(0);
    channel.publish(`${STAMP}users:b`);
    channel.publish('garbage');
    await clock.advance(0);
    expect(woken).toEqual(['users:b']);
    await clock.advance(1_000);
    await Promise.all(waits);
    expect(woken).toEqual(['users:b', 'users:a']);
  });

  it('waits no longer than it wants to, while Redis is away as well', async () => {
    channel.failure = new Error('away');
    const wait = notices.untilChanged('users:a', 50, never);
    await clock.advance(50);
    await wait;
    channel.failure = null;
    const again = notices.untilChanged('users:a', 50, never);
    await clock.advance(0);
    channel.publish(`${STAMP}users:a`);
    await again;
  });

  it('stops with its signal', async () => {
    const ending = new AbortController();
    const wait = notices.untilChanged('users:a', 1_000, ending.signal);
    ending.abort(new RangeError('no more'));
    await expect(wait).rejects.toThrow('no more');
  });

  it('listens only while somebody waits, and a little longer', async () => {
    const waitOnce = async (): Promise<void> => {
      const wait = notices.untilChanged('users:a', 10, never);
      await clock.advance(10);
      await wait;
    };
    await waitOnce();
    await clock.advance(4_000);
    await waitOnce();
    expect(channel.joined).toBe(1);
    await clock.advance(4_999);
    expect(channel.listeners.size).toBe(1);
    await clock.advance(1);
    expect(channel.listeners.size).toBe(0);
    await waitOnce();
    expect(channel.joined).toBe(2);
  });

  it('listens no more once it is closed', async () => {
    const wait = notices.untilChanged('users:a', 10, never);
    await clock.advance(0);
    notices.close();
    await clock.advance(10);
    await wait;
    expect(channel.listeners.size).toBe(0);
    const late = notices.untilChanged('users:a', 10, never);
    await clock.advance(10);
    await late;
    expect(channel.joined).toBe(1);
  });
});
