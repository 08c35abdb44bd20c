import type { Kind } from './arguments.js';
import { crowdNote, judge, latenessProblem } from './bounds.js';
import type { Result } from './results.js';
import { samplePhase, sampleResult } from './sample-result.js';

const broken = (kind: Kind, changes: Partial<Result> = {}) =>
  judge(kind, sampleResult(changes), null)
    .filter(({ holds }) => !holds)
    .map(({ id }) => id);

describe('the verdict', () => {
  it.each(['kill', 'freeze', 'switchover', 'all-down'] as const)(
    'of a good %s is that all holds',
    (kind) => {
      const promoted = { label: 'promoted', second: 4.9, afterFaultMs: 900 };
      const changes = kind === 'switchover' ? { steps: [promoted] } : {};
      expect(broken(kind, changes)).toEqual([]);
    },
  );

  it('is broken by a single failed session validation', () => {
    const { run } = sampleResult();
    const { kinds } = run.whole;
    const session = { ...kinds.session!, failed: 1 };
    const whole = { ...run.whole, failed: 1, kinds: { ...kinds, session } };
    expect(broken('kill', { run: { ...run, whole } })).toEqual(['session-failures']);
  });

  it('is broken by one lost session, and by one that came back after its logout', () => {
    const { verified } = sampleResult();
    expect(broken('kill', { verified: { ...verified, freshLost: 1 } })).toEqual(['sessions-lost']);
    expect(broken('kill', { verified: { ...verified, endedAlive: 1 } })).toEqual(['sessions-back']);
  });

  it('takes what was not measured for broken', () => {
    expect(broken('kill', { steps: [] })).toEqual(['promoted']);
    expect(broken('all-down', { upAgainMs: null })).toEqual(['healthy-again']);
    expect(broken('freeze', { hitRate: { before: 1, after: null, lowest: null } })).toEqual([
      'hit-rate',
    ]);
  });

  it('is broken at the bound itself', () => {
    const { run } = sampleResult();
    const phases = [
      samplePhase('before'),
      samplePhase('during', { worstDrop: 0.1 }),
      samplePhase('after'),
    ];
    expect(broken('kill', { run: { ...run, phases } })).toEqual(['throughput-drop']);
  });

  it('shows what the bare client had, without judging it', () => {
    const bare = sampleResult({ verified: { ...sampleResult().verified, lastingLost: 9 } });
    const verdict = judge('kill', sampleResult(), bare);
    expect(verdict.find(({ id }) => id === 'sessions-lost')).toMatchObject({
      holds: true,
      bare: 9,
    });
  });

  it('wants more than 5,000 operations a second of a steady run', () => {
    expect(broken('steady', { direct: { perSecond: 5001, levels: [] } })).toEqual([]);
    expect(broken('steady', { direct: { perSecond: 5000, levels: [] } })).toEqual([
      'steady-operations',
    ]);
    expect(broken('steady')).toEqual(['steady-operations']);
  });

  it('compares processor time and p99 of a steady run with the same application on the bare client', () => {
    const bare = sampleResult();
    const direct = { perSecond: 6000, levels: [] };
    const against = (changes: Partial<Result>) =>
      judge('steady', sampleResult({ direct, ...changes }), bare)
        .filter(({ holds }) => !holds)
        .map(({ id }) => id);
    expect(against({})).toEqual([]);
    expect(against({ turns: [{ p99: 3.5, processorMs: 6 }] })).toEqual([]);
    expect(against({ turns: [{ p99: 3.5, processorMs: 6.1 }] })).toEqual(['steady-processor']);
    expect(against({ turns: [{ p99: 3.5, processorMs: null }] })).toEqual(['steady-processor']);
    expect(against({ turns: [{ p99: 3.7, processorMs: 6 }] })).toEqual(['steady-calm-p99']);
  });

  it('does not compare two rates, or with nobody', () => {
    const ids = (bare: Result | null) => judge('steady', sampleResult(), bare).map(({ id }) => id);
    for (const bare of [null, sampleResult({ rate: 50 })]) {
      expect(ids(bare)).not.toContain('steady-processor');
    }
    expect(ids(sampleResult())).toContain('steady-processor');
  });

  it('gives a reason for each bound', () => {
    for (const kind of ['kill', 'switchover', 'all-down', 'steady'] as const) {
      for (const { why } of judge(kind, sampleResult(), null)) expect(why).toMatch(/\w+.*\.$/);
    }
  });

  it('does not blame the service for a generator that was late', () => {
    const { run } = sampleResult();
    const late = (p99: number) => ({ run: { ...run, lateness: { ...run.lateness, p99 } } });
    expect(latenessProblem('kill', sampleResult())).toBeNull();
    expect(latenessProblem('kill', late(150))).toContain('The load generator was late itself');
    expect(latenessProblem('steady', late(12))).not.toBeNull();
  });
});

describe('a machine that is not alone', () => {
  const at = (busy: number | null, services: number | null) =>
    crowdNote(
      { samples: [{ hitRate: 0.99, status: [], busy }, null], cpu: { services, load: 0.1 } },
      2,
    );

  it('is named when it is full of other programs', () => {
    expect(at(0.98, 0.7)).toContain('2.0 of 2 cores were in use');
  });

  it('is not blamed for the work of the drill, for room left, or unseen', () => {
    expect(at(0.98, 1.4)).toBeNull();
    expect(at(0.6, 0.3)).toBeNull();
    expect(at(null, 0.3)).toBeNull();
    expect(at(0.98, null)).toBeNull();
  });
});
