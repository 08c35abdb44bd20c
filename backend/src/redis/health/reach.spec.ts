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

  it('says why when it judges otherwise than the connections', () => {
    const open = { fallback: { breakers: { reads: 'open', writes: 'open' } } } as const;
    expect(reachOf(source({ ...open, mode: 'standalone' })).message).toMatch(/breakers are open/);
  });

  it('takes the word of a source that tells no details', () => {
    const { mode, status, message } = source({ status: 'degraded' });
    expect(reachOf({ mode, status, message, canWrite: false })).toMatchObject({
      reads: true,
      writes: false,
      status: 'degraded',
    });
  });
});
