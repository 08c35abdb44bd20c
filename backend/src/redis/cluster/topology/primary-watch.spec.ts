import { EventBus } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import type { RedisNode } from '../connection/index.js';
import { PrimaryWatch } from './primary-watch.js';

const ADDRESS = { host: '127.0.0.1', port: 6379 };
const OTHER = { host: '127.0.0.1', port: 6380 };

describe('until when a primary was surely there', () => {
  let clock: ManualClock;
  let watch: PrimaryWatch;
  let atReset: number[];

  const nodeOf = (runId: string, address = ADDRESS): RedisNode =>
    ({ address, runId, isStalled: false }) as unknown as RedisNode;

  beforeEach(async () => {
    clock = new ManualClock();
    const bus = new EventBus();
    watch = new PrimaryWatch(clock, bus);
    atReset = [];
    bus.on('primary.reset', () => atReset.push(watch.soundUntil));
    watch.follow(ADDRESS);
    watch.check(nodeOf('run-1'));
    await clock.advance(1_000);
  });

  it('is now, while nothing is wrong with it', () => {
    expect(watch.soundUntil).toBe(clock.now());
  });

  it('is when something was wrong with it first, until one is there again', async () => {
    const wrongAt = clock.now();
    watch.suspect('it does not answer');
    await clock.advance(5_000);
    watch.suspect('it does still not answer');
    watch.follow(OTHER);
    await clock.advance(5_000);
    expect(watch.soundUntil).toBe(wrongAt);
    watch.check(nodeOf('run-9', OTHER));
    expect(watch.soundUntil).toBe(clock.now());
  });

  it('is before it was restarted, for those who are told that it was', async () => {
    const wrongAt = clock.now();
    watch.suspect('the connection is closed');
    await clock.advance(3_000);
    watch.check(nodeOf('run-2'));
    expect(atReset).toEqual([wrongAt]);
  });
});
