import { newRig, type Rig } from '../../../test/support/engine-rig.js';
import { FakeNode } from '../../../test/support/fake-node.js';
import { SteppedClock } from '../../../test/support/stepped-clock.js';
import { RedisCalendar } from '../base/timing/index.js';
import { CalendarWatch } from './calendar-watch.js';

const MAX_SKEW_MS = 1_000;
const HOUR_MS = 3_600_000;

describe('CalendarWatch', () => {
  let nodes: [FakeNode, FakeNode];
  let rig: Rig;
  let clock: SteppedClock;
  let calendar: RedisCalendar;
  let watch: CalendarWatch;
  let trueAt: () => number;

  beforeEach(async () => {
    nodes = [await FakeNode.start(), await FakeNode.start({ role: 'slave', runId: 'run-2' })];
    nodes[1].follow(nodes[0]);
    clock = new SteppedClock();
    rig = newRig({}, clock);
    calendar = new RedisCalendar(clock);
    const { tracker, bus } = rig;
    watch = new CalendarWatch({ tracker, calendar, clock, bus }, MAX_SKEW_MS);
    const start = clock.wallTime() - clock.now();
    trueAt = () => start + clock.now();
    for (const node of nodes) node.wallTime = trueAt;
  });

  afterEach(async () => {
    watch.close();
    rig.close();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const connect = async (): Promise<void> => {
    rig.source.say(nodes[0], 1, [nodes[1]]);
    const [a, b] = nodes;
    const isMeasured = (node: FakeNode): boolean =>
      (rig.tracker.connectionTo(node.address)?.timeDistance ?? null) !== null;
    await rig.until(() => rig.tracker.isWritable && isMeasured(a) && isMeasured(b), 'all answer');
  };

  const told = (): unknown[] => rig.events.filter(({ type }) => type.startsWith('clock.'));

  /** Lets the nodes be asked again and waits until the answer is there. */
  const heartbeat = async (): Promise<void> => {
    const { roleAskedAt } = rig.tracker.primary!;
    await clock.advance(1_000);
    const isAsked = (): boolean => (rig.tracker.primary?.roleAskedAt ?? 0) > roleAskedAt;
    await rig.until(isAsked, 'the primary has answered');
  };

  it('takes the calendar of the primary, however wrong that of this machine is', async () => {
    clock.step(31 * 60_000);
    expect(calendar.wallTime()).toBe(clock.wallTime());
    await connect();
    expect(calendar.wallTime()).toBe(trueAt());
    clock.step(-2 * HOUR_MS);
    expect(calendar.wallTime()).toBe(trueAt());
  });

  it('reports a wrong calendar once, and once that it was put right', async () => {
    await connect();
    const toldAt: number[] = [];
    rig.bus.onAny(({ type }) => type.startsWith('clock.') && toldAt.push(clock.now()));
    clock.step(10 * 60_000);
    for (let i = 0; i < 3; i++) await heartbeat();
    expect(told()).toEqual([{ type: 'clock.skewed', aheadMs: 600_000 }]);
    clock.step(-599_400);
    await heartbeat();
    expect(told()).toHaveLength(1);
    clock.step(-200);
    for (let i = 0; i < 3; i++) await heartbeat();
    const skewedMs = toldAt[1]! - toldAt[0]!;
    expect(told().slice(1)).toEqual([{ type: 'clock.agreed', aheadMs: 400, skewedMs }]);
    expect(skewedMs).toBeGreaterThanOrEqual(3_000);
  });

  it('says nothing of less than it may be', async () => {
    clock.step(-MAX_SKEW_MS);
    await connect();
    await heartbeat();
    expect(told()).toEqual([]);
  });

  it('takes that of a replica that answers before the primary does', async () => {
    clock.step(HOUR_MS);
    nodes[1].wallTime = () => trueAt() - 80;
    nodes[0].freeze();
    rig.source.say(nodes[0], 1, [nodes[1]]);
    await rig.until(() => calendar.localAheadMs !== null, 'the replica is measured');
    expect(calendar.wallTime()).toBe(trueAt() - 80);
    nodes[0].thaw();
    await rig.until(() => rig.tracker.isWritable, 'the primary answers');
    expect(calendar.wallTime()).toBe(trueAt());
  });

  it('warns once of a replica whose calendar would be the wrong one after a failover', async () => {
    nodes[1].wallTime = () => trueAt() - 5_000;
    await connect();
    for (let i = 0; i < 3; i++) await heartbeat();
    const doubts = rig.events.filter(({ type }) => type === 'settings.doubtful');
    expect(doubts).toMatchObject([{ problem: { value: '5000 ms behind the primary' } }]);
    expect(told()).toEqual([]);
    expect(calendar.wallTime()).toBe(trueAt());
  });

  it('follows a new primary at once, and keeps the calendar while there is none', async () => {
    nodes[1].wallTime = () => trueAt() - 80;
    await connect();
    await nodes[0].stop();
    await rig.until(() => rig.tracker.primary === null, 'the primary is gone');
    expect(calendar.wallTime()).toBe(trueAt());
    nodes[1].role = 'master';
    rig.source.say(nodes[1], 2);
    await rig.until(() => rig.tracker.isWritable, 'the new primary is ready');
    expect(calendar.wallTime()).toBe(trueAt() - 80);
  });
});
