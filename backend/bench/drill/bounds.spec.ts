import { drillModule } from './drill-modules.js';

const { crowdNote, judge, latenessProblem } = drillModule('bounds');
const { toHtml } = drillModule('report/html');
const { ticksFor } = drillModule('report/chart');

const figures = { requests: 400, failed: 0, errors: {}, p50: 1, p95: 2, p99: 3, max: 4 };
const kinds = { session: figures, catalogue: figures };

function phase(name: string, changes: object = {}) {
  return { name, ...figures, kinds, worstDrop: 0, ...changes };
}

function result(changes: object = {}) {
  const second = { offered: 100, answered: 100, failed: 0, errors: {}, p50: 1, p95: 2, p99: 3 };
  return {
    name: 'ours',
    title: 'nestjs-redis-ha',
    rate: 100,
    run: {
      seconds: Array(12).fill(second),
      whole: { ...figures, kinds },
      phases: [phase('before'), phase('during'), phase('after')],
      lateness: { p50: 0, p95: 1, p99: 1, max: 2 },
    },
    samples: Array(12).fill({ hitRate: 0.99, busy: 0.4 }),
    hitRate: { before: 0.99, after: 0.99, lowest: 0.9 },
    fault: { marks: [{ label: 'killed', second: 4 }], report: null, failure: null },
    steps: [{ label: 'promoted', second: 7.5, afterFaultMs: 3500 }],
    verified: {
      lasting: 200,
      lastingLost: 0,
      fresh: 3,
      freshLost: 0,
      ended: 2,
      endedAlive: 0,
    },
    heart: { writes: 100, failed: 0, longestGapMs: 3600 },
    cpu: { services: 0.5, load: 0.2 },
    sessionsMade: { sessions: 200 },
    levels: null,
    direct: null,
    operationsPerSecond: 6000,
    redisCommandsPerSecond: 7000,
    upAgainMs: 3000,
    ...changes,
  };
}

const broken = (kind: string, changes: object = {}) =>
  judge(kind, result(changes), null)
    .filter(({ holds }) => !holds)
    .map(({ id }) => id);

describe('the verdict', () => {
  it.each(['kill', 'freeze', 'switchover', 'all-down'])(
    'of a good %s is that all holds',
    (kind) => {
      const changes =
        kind === 'switchover' ? { steps: [{ label: 'promoted', afterFaultMs: 900 }] } : {};
      expect(broken(kind, changes)).toEqual([]);
    },
  );

  it('is broken by a single failed session validation', () => {
    const whole = {
      ...figures,
      failed: 1,
      kinds: { ...kinds, session: { ...figures, failed: 1 } },
    };
    const { run } = result();
    expect(broken('kill', { run: { ...run, whole } })).toEqual(['session-failures']);
  });

  it('is broken by one lost session, and by one that came back after its logout', () => {
    const { verified } = result();
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
    const { run } = result();
    const phases = [phase('before'), phase('during', { worstDrop: 0.1 }), phase('after')];
    expect(broken('kill', { run: { ...run, phases } })).toEqual(['throughput-drop']);
  });

  it('shows what the bare client had, without judging it', () => {
    const bare = result({ verified: { ...result().verified, lastingLost: 9 } });
    const verdict = judge('kill', result(), bare);
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

  it('gives a reason for each bound', () => {
    for (const kind of ['kill', 'switchover', 'all-down', 'steady']) {
      for (const { why } of judge(kind, result(), null)) expect(why).toMatch(/\w+.*\.$/);
    }
  });

  it('does not blame the service for a generator that was late', () => {
    const { run } = result();
    const late = { run: { ...run, lateness: { p99: 150 } } };
    expect(latenessProblem('kill', result())).toBeNull();
    expect(latenessProblem('kill', late)).toContain('The load generator was late itself');
    expect(latenessProblem('steady', { run: { ...run, lateness: { p99: 12 } } })).not.toBeNull();
  });
});

describe('a machine that is not alone', () => {
  const at = (busy: number | null, services: number | null) =>
    crowdNote({ ...result(), samples: [{ busy }, null], cpu: { services, load: 0.1 } }, 2);

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

describe('the report', () => {
  const report = (changes: object = {}) => ({
    kind: 'kill',
    date: '2026-01-02T03:04:05.000Z',
    passed: true,
    problem: null,
    note: null,
    seconds: 12,
    archive: false,
    mix: { session: 0.7, catalogue: 0.3 },
    machine: { cores: 2, processor: '<script>', memoryGiB: 8, system: 'x', node: 'v20' },
    ours: result(),
    bare: result({ name: 'bare', title: 'bare ioredis' }),
    verdict: judge('kill', result(), result()),
    ...changes,
  });

  it('needs nothing from outside and trusts no text', () => {
    const html = toHtml(report());
    expect(html).not.toMatch(/<script|src=|href=|@import|url\(/);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('prefers-color-scheme:dark');
  });

  it('shows both services, the fault and the steps of the failover', () => {
    const html = toHtml(report());
    for (const text of ['nestjs-redis-ha', 'bare ioredis', 'killed', 'promoted', '3,500 ms']) {
      expect(html).toContain(text);
    }
    expect(html.match(/<svg/g)).toHaveLength(8);
  });

  it('says when the run was not passed, and why it may say nothing', () => {
    const html = toHtml(report({ passed: false, problem: 'The load generator was late itself.' }));
    expect(html).toContain('not passed');
    expect(html).toContain('was late itself');
  });

  it('works without the bare client', () => {
    expect(toHtml(report({ bare: null })).match(/<svg/g)).toHaveLength(4);
  });

  it('leaves a gap in a curve where nothing is known', () => {
    const html = toHtml(report({ ours: result({ samples: Array(12).fill(null) }) }));
    expect(html).not.toContain('NaN');
  });

  it('shows what a steady run has tried', () => {
    const tried = [{ rate: 900, p99: 4, failed: 2 }];
    const steady = result({ levels: { tried }, direct: { perSecond: 6000, levels: tried } });
    const html = toHtml(report({ kind: 'steady', ours: steady, bare: null }));
    expect(html).toContain('900: p99 4 ms, 2 failed');
  });

  it('puts round numbers on its axes', () => {
    expect(ticksFor(1320)).toEqual([0, 500, 1000]);
    expect(ticksFor(100)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksFor(1.1)).toEqual([0, 0.5, 1]);
    expect(ticksFor(5000, true)).toEqual([1, 10, 100, 1000, 5000]);
  });
});
