import {
  ClosedError,
  CommandAbortedError,
  CommandRejectedError,
  CommandTimeoutError,
  CommandUncertainError,
  ConnectionLostError,
  NoPrimaryError,
  NoReplicaError,
  QueueFullError,
} from '../errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { COMMAND_KINDS, COMMAND_OUTCOMES, CommandRecorder, type KindStats } from './index.js';

function outcomesThatCount({ outcomes }: KindStats): Record<string, number> {
  return Object.fromEntries(Object.entries(outcomes).filter(([, count]) => count > 0));
}

describe('CommandRecorder', () => {
  it('has every kind and every outcome from the start', () => {
    const { kinds, retries } = new CommandRecorder(new ManualClock()).stats;
    expect(Object.keys(kinds)).toEqual([...COMMAND_KINDS]);
    for (const kind of COMMAND_KINDS) {
      expect(Object.keys(kinds[kind].outcomes)).toEqual([...COMMAND_OUTCOMES]);
      expect(outcomesThatCount(kinds[kind])).toEqual({});
    }
    expect(retries).toEqual({ refused: 0, lost: 0, silent: 0 });
  });

  it.each([
    [new CommandTimeoutError('late'), 'timeout'],
    [new NoPrimaryError('none'), 'no-node'],
    [new NoReplicaError('none'), 'no-node'],
    [new ConnectionLostError('gone'), 'no-node'],
    [new QueueFullError('full'), 'queue-full'],
    [new CommandUncertainError('who knows'), 'uncertain'],
    [new CommandAbortedError('changed my mind'), 'aborted'],
    [new ClosedError('closing'), 'closed'],
    [new CommandRejectedError('WRONGTYPE'), 'rejected'],
    [new CommandRejectedError('NOSCRIPT No matching script', { reply: 'NOSCRIPT' }), 'rejected'],
    [new TypeError('whatever else'), 'rejected'],
    ['not even an error', 'rejected'],
    [null, 'rejected'],
  ])('counts %p once, as %s', (error, outcome) => {
    const recorder = new CommandRecorder(new ManualClock());
    recorder.failed('read', 0, error);
    const { kinds } = recorder.stats;
    expect(outcomesThatCount(kinds.read)).toEqual({ [outcome]: 1 });
    expect(kinds.read.durations.count).toBe(1);
    expect(outcomesThatCount(kinds.write)).toEqual({});
  });

  it.each([
    [new CommandRejectedError('OOM', { reply: 'OOM' }), 'OOM'],
    [new CommandRejectedError('NOPERM', { reply: 'NOPERM' }), 'NOPERM'],
    [new CommandRejectedError('WRONGTYPE', { reply: 'WRONGTYPE' }), 'other'],
    [new TypeError('whatever else'), 'other'],
  ])('counts the rejection %p as %s', (error, reply) => {
    const recorder = new CommandRecorder(new ManualClock());
    recorder.failed('write', 0, error);
    recorder.failed('write', 0, new CommandTimeoutError('late'));
    const none = { OOM: 0, NOPERM: 0, other: 0 };
    expect(recorder.stats.rejections).toEqual({ ...none, [reply]: 1 });
  });

  it.each([
    [new CommandTimeoutError('late'), 1],
    [new NoPrimaryError('none'), 1],
    [new CommandUncertainError('late', { reason: 'the deadline passed' }), 1],
    [new CommandUncertainError('lost', { reason: 'the answer was lost' }), 0],
    [new CommandRejectedError('WRONGTYPE'), 0],
    [new ClosedError('closing'), 0],
    [new TypeError('whatever else'), 0],
  ])('takes %p for %i missed deadlines', (error, misses) => {
    const recorder = new CommandRecorder(new ManualClock());
    recorder.failed('write', 0, error);
    const { write, read } = recorder.stats.kinds;
    expect([write.deadlineMisses, read.deadlineMisses]).toEqual([misses, 0]);
  });

  it('measures from the beginning of a command to its end, failed ones too', async () => {
    const clock = new ManualClock();
    const recorder = new CommandRecorder(clock);
    await clock.advance(20);
    recorder.succeeded('write', 5);
    await clock.advance(20);
    recorder.failed('write', 15, new CommandTimeoutError('late'));
    const { durations } = recorder.stats.kinds.write;
    const recent = recorder.recentLatency.write;
    expect(durations).toMatchObject({ count: 2, sumMs: 40 });
    expect(recent.count).toBe(2);
  });

  it('forgets after a minute how long a command took, and never that there was one', async () => {
    const clock = new ManualClock();
    const recorder = new CommandRecorder(clock);
    recorder.succeeded('read', clock.now());
    expect(recorder.recentLatency).toMatchObject({ read: { count: 1 }, write: { count: 0 } });
    await clock.advance(70_000);
    expect(recorder.recentLatency.read).toMatchObject({ count: 0, p99Ms: null });
    expect(recorder.stats.kinds.read.durations.count).toBe(1);
  });

  it('hands out plain data that JSON carries whole', () => {
    const recorder = new CommandRecorder(new ManualClock());
    recorder.succeeded('read', 0);
    const { stats, recentLatency } = recorder;
    const handed = { stats, recentLatency };
    expect(JSON.parse(JSON.stringify(handed))).toEqual(handed);
  });

  it('watches a command until it is over, and passes on its outcome', async () => {
    const clock = new ManualClock();
    const recorder = new CommandRecorder(clock);
    const refusal = new CommandRejectedError('WRONGTYPE');
    const slow = clock.sleep(700).then(() => 'answer');
    const watched = recorder.watch('blocking', slow);
    expect(recorder.stats.kinds.blocking.durations.count).toBe(0);
    await clock.advance(700);
    expect(await watched).toBe('answer');
    await expect(recorder.watch('blocking', Promise.reject(refusal))).rejects.toBe(refusal);
    const { blocking } = recorder.stats.kinds;
    expect(outcomesThatCount(blocking)).toEqual({ ok: 1, rejected: 1 });
    expect(blocking.durations.sumMs).toBe(700);
  });

  it('counts no failure after which another command goes on', async () => {
    const recorder = new CommandRecorder(new ManualClock());
    const failing = recorder.watch('write', Promise.reject(new ClosedError('x')), () => true);
    await expect(failing).rejects.toThrow('x');
    expect(outcomesThatCount(recorder.stats.kinds.write)).toEqual({});
  });

  it('counts repetitions by their reason', () => {
    const recorder = new CommandRecorder(new ManualClock());
    for (const reason of ['lost', 'lost', 'silent'] as const) recorder.retried(reason);
    expect(recorder.stats.retries).toEqual({ refused: 0, lost: 2, silent: 1 });
  });

  it('returns a copy that later commands do not change', () => {
    const recorder = new CommandRecorder(new ManualClock());
    const before = recorder.stats;
    recorder.succeeded('read', 0);
    recorder.retried('lost');
    expect(before.kinds.read.outcomes.ok).toBe(0);
    expect(before.retries.lost).toBe(0);
  });
});
