import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { FailoverHistory } from './failover-history.js';
import type { SentinelMessage } from './sources/sentinel-message.js';

const A = { host: '10.0.0.1', port: 6379 };
const B = { host: '10.0.0.2', port: 6379 };
const START = Date.UTC(2026, 0, 1);
const HOUR = 60 * 60 * 1000;

describe('FailoverHistory', () => {
  let clock: ManualClock;
  let events: RedisHaEvent[];
  let history: FailoverHistory;

  beforeEach(() => {
    const bus = new EventBus();
    clock = new ManualClock(START);
    events = [];
    bus.onAny((event) => events.push(event));
    history = new FailoverHistory(clock, bus);
  });

  const aboutPrimary = (step: string, node = A): SentinelMessage => ({
    kind: 'primary',
    step,
    node,
  });
  const aboutMember = (step: string, node = B): SentinelMessage => ({ kind: 'member', step, node });
  const later = (ms: number): Promise<void> => clock.advance(ms);

  it('records the moment of every step', async () => {
    history.noteSuspicion('away');
    await later(3000);
    history.noteMessage(aboutPrimary('+sdown'), A);
    await later(50);
    history.noteMessage(aboutPrimary('+odown'), A);
    await later(10);
    history.noteMessage(aboutPrimary('+elected-leader'), A);
    await later(500);
    history.noteMessage(aboutMember('+promoted-slave'), A);
    await later(40);
    history.noteSwitch(A, B, 7);
    await later(5);
    history.noteWrite();
    expect(history.records).toEqual([
      {
        from: A,
        to: B,
        epoch: 7,
        reason: 'failure',
        suspectedAt: START,
        sdownAt: START + 3000,
        odownAt: START + 3050,
        electedAt: START + 3060,
        promotedAt: START + 3560,
        switchedAt: START + 3600,
        firstWriteAt: START + 3605,
      },
    ]);
    expect(events.map(({ type }) => type)).toEqual(['failover.completed', 'failover.first-write']);
  });

  it.each(['before', 'after'])(
    'hears of a promotion also when that comes later than the switch, %s the first write',
    async (when) => {
      history.noteMessage(aboutPrimary('+odown'), A);
      await later(500);
      history.noteSwitch(A, B, 7);
      if (when === 'after') history.noteWrite();
      await later(5);
      history.noteMessage(aboutMember('+promoted-slave', B), B);
      if (when === 'before') history.noteWrite();
      // It was promoted before anybody could name it the primary.
      expect(history.records).toMatchObject([{ promotedAt: START + 500, switchedAt: START + 500 }]);
      history.noteMessage(aboutPrimary('+odown', B), B);
      history.noteSwitch(B, A, 8);
      expect(history.records[1]).toMatchObject({ promotedAt: null });
    },
  );

  it('keeps the first moment of a step that several Sentinels report', async () => {
    history.noteMessage(aboutPrimary('+sdown'), A);
    await later(100);
    history.noteMessage(aboutPrimary('+sdown'), A);
    history.noteSwitch(A, B, 1);
    expect(history.records[0]?.sdownAt).toBe(START);
  });

  it.each([
    ['failure', () => history.noteMessage(aboutPrimary('+sdown'), A)],
    ['failure', () => history.noteMessage(aboutPrimary('+odown'), A)],
    ['planned', () => history.noteMessage(aboutMember('+promoted-slave'), A)],
    ['planned', () => history.noteMessage(aboutMember('+sdown'), A)],
    ['planned', () => history.noteMessage(aboutPrimary('+sdown', B), A)],
    ['planned', () => history.noteMessage({ kind: 'sentinel', step: '+tilt' }, A)],
    ['planned', () => history.noteMessage({ kind: 'switch', from: A, to: B }, A)],
    ['planned', () => history.noteMessage(aboutPrimary('+sdown'), null)],
    ['failure', () => history.noteSuspicion('away')],
    ['planned', () => history.noteSuspicion('fenced')],
    ['switchover', () => history.expectSwitchover(true)],
  ])('calls it a %s (case %#)', (reason, before) => {
    before();
    history.noteSwitch(A, B, 1);
    expect(history.records[0]?.reason).toBe(reason);
  });

  it('calls only the next switch our own', () => {
    history.expectSwitchover(true);
    history.noteSwitch(A, B, 1);
    history.noteSwitch(B, A, 2);
    history.expectSwitchover(true);
    history.expectSwitchover(false);
    history.noteSwitch(A, B, 3);
    expect(history.records.map(({ reason }) => reason)).toEqual([
      'switchover',
      'planned',
      'planned',
    ]);
  });

  it('does not mix in the moments of an attempt that failed', async () => {
    history.noteSuspicion('away');
    history.noteMessage(aboutPrimary('+sdown'), A);
    history.noteRecovery();
    history.noteSwitch(A, B, 1);
    history.noteMessage(aboutPrimary('+odown', B), B);
    await later(61_000);
    history.noteSwitch(B, A, 2);
    for (const record of history.records) {
      expect(record).toMatchObject({ suspectedAt: null, sdownAt: null, odownAt: null });
    }
  });

  it('notes the first write after each switch and no other', async () => {
    history.noteWrite();
    history.noteSwitch(A, B, 1);
    await later(10);
    history.noteWrite();
    await later(10);
    history.noteWrite();
    expect(history.records.map(({ firstWriteAt }) => firstWriteAt)).toEqual([START + 10]);
    expect(events.filter(({ type }) => type === 'failover.first-write')).toHaveLength(1);
  });

  it('leaves the first write empty when the primary moves again before there was one', () => {
    history.noteSwitch(A, B, 1);
    history.noteSwitch(B, A, 2);
    history.noteWrite();
    expect(history.records.map(({ firstWriteAt }) => firstWriteAt)).toEqual([null, START]);
  });

  it('counts the last 24 hours and the total', async () => {
    history.noteSwitch(A, B, 1);
    await later(23 * HOUR);
    history.noteSwitch(B, A, 2);
    expect(history.summary).toMatchObject({ count: 2, countInLast24h: 2 });
    await later(1.5 * HOUR);
    expect(history.summary).toMatchObject({ count: 2, countInLast24h: 1 });
    await later(24 * HOUR);
    expect(history.summary).toMatchObject({ count: 2, countInLast24h: 0, last: { epoch: 2 } });
  });

  it('keeps the last hundred and counts them all', () => {
    for (let epoch = 1; epoch <= 250; epoch++) history.noteSwitch(A, B, epoch);
    expect(history.records).toHaveLength(100);
    expect(history.records[0]?.epoch).toBe(151);
    expect(history.summary).toMatchObject({ count: 250, last: { epoch: 250 } });
  });

  it('returns a copy', () => {
    history.noteSwitch(A, B, 1);
    (history.records as unknown[]).length = 0;
    expect(history.records).toHaveLength(1);
  });
});
