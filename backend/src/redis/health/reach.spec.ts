import { QUIET } from '../../../test/support/metrics-rig.js';
import { reachOf, type ReachSource } from './reach.js';

const BREAKERS = { reads: 'closed', writes: 'closed' } as const;

const source = (over: Partial<ReachSource> = {}): ReachSource => ({
  mode: 'sentinel',
  status: 'up',
  message: 'Redis is healthy (Sentinel mode)',
  canWrite: true,
  canRead: true,
  fallback: { breakers: BREAKERS },
  ...over,
});
const noPrimary = { canWrite: false, status: 'degraded' } as const;

describe('reachOf', () => {
  it.each<[string, Partial<ReachSource>, [boolean, boolean, string]]>([
    ['all is well', {}, [true, true, 'up']],
    ['there is no primary', noPrimary, [true, false, 'degraded']],
    [
      'every node that is left is silent, or nobody is connected',
      { canWrite: false, canRead: false, status: 'down' },
      [false, false, 'down'],
    ],
    [
      'the only node refuses writes: there need not be a replica to read from',
      { canWrite: false, canRead: true, status: 'degraded' },
      [true, false, 'degraded'],
    ],
    [
      'the breaker of reads is open',
      { fallback: { breakers: { ...BREAKERS, reads: 'open' } } },
      [false, true, 'degraded'],
    ],
    [
      'the breaker of writes tries again',
      { fallback: { breakers: { ...BREAKERS, writes: 'half-open' } } },
      [true, false, 'degraded'],
    ],
    [
      'both breakers are open',
      { fallback: { breakers: { reads: 'open', writes: 'open' } } },
      [false, false, 'down'],
    ],
    ['Redis is switched off', { mode: 'memory', status: 'degraded' }, [false, false, 'degraded']],
  ])('when %s', (_, over, [reads, writes, status]) => {
    expect(reachOf(source(over))).toMatchObject({ reads, writes, status });
  });

  it('is degraded, and can be used, while a node is missing that is not needed now', () => {
    const missing = ['the replica 10.0.0.2:6379', 'the Sentinel 10.0.1.3:26379'];
    expect(reachOf(source({ missing }))).toEqual({
      reads: true,
      writes: true,
      status: 'degraded',
      message:
        'Redis answers all calls and is not redundant: it lacks ' +
        'the replica 10.0.0.2:6379, the Sentinel 10.0.1.3:26379 (Sentinel mode)',
    });
  });

  it('says of calls that are not answered before it says of nodes that are missing', () => {
    const missing = ['the replica 10.0.0.2:6379'];
    const message = 'Redis answers reads only';
    expect(reachOf(source({ ...noPrimary, message, missing }))).toMatchObject({
      status: 'degraded',
      message,
    });
  });

  describe('judges the journal', () => {
    const { file } = QUIET.journal;
    const disk = (state: 'failed' | 'hung', reason: string) => ({
      file: { ...file!, state, reason, since: 1, failures: 1 },
    });
    const withJournal = (journal: object, over: Partial<ReachSource> = {}) =>
      reachOf(
        source({
          fallback: { breakers: BREAKERS, journal: { ...QUIET.journal, ...journal } },
          ...over,
        }),
      );

    it.each<[string, object]>([
      ['the journal cannot be written to disk (ENOSPC)', disk('failed', 'ENOSPC')],
      ['the disk of the journal does not answer', disk('hung', 'ETIMEDOUT')],
      ['the journal is full and refuses writes', { isFull: true }],
    ])('as degraded, and Redis as usable as before: %s', (problem, journal) => {
      expect(withJournal(journal)).toEqual({
        reads: true,
        writes: true,
        status: 'degraded',
        message: `Redis is healthy (Sentinel mode); ${problem}`,
      });
      const gone = { canRead: false, canWrite: false, status: 'down', message: 'gone' } as const;
      expect(withJournal(journal, gone)).toEqual({
        reads: false,
        writes: false,
        status: 'down',
        message: `gone; ${problem}`,
      });
    });

    it.each<[string, object]>([
      ['writes wait', { entries: 3, oldestMs: 60_000 }],
      ['writes were lost or refused a while ago', { dropped: 1, rejected: 1, refused: 1 }],
      ['the disk had failed and takes writes again', { file: { ...file!, failures: 3 } }],
      ['it is in memory only', { file: null }],
    ])('as well while %s', (_, journal) => {
      expect(withJournal(journal)).toMatchObject({ status: 'up' });
    });
  });

  it('says why when it judges otherwise than the connections', () => {
    const open = { fallback: { breakers: { reads: 'open', writes: 'open' } } } as const;
    expect(reachOf(source({ ...open, mode: 'standalone' })).message).toMatch(/breakers are open/);
  });

  it('uses the status of a source that has no details', () => {
    const { mode, status, message } = source({ status: 'degraded' });
    expect(reachOf({ mode, status, message, canWrite: false })).toMatchObject({
      reads: true,
      writes: false,
      status: 'degraded',
    });
  });
});
