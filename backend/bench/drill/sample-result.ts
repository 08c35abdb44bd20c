import type {
  Figures,
  PhaseFigures,
  Result,
  SampleRow,
  SecondFigures,
  StretchFigures,
} from './results.js';

const figures: Figures = { requests: 400, failed: 0, errors: {}, p50: 1, p95: 2, p99: 3, max: 4 };
const stretch: StretchFigures = {
  name: 'all',
  fromMs: 0,
  toMs: 12_000,
  seconds: 12,
  ...figures,
  kinds: { session: figures, catalogue: figures },
};

/** A stretch of a good run. */
export function samplePhase(name: string, changes: Partial<PhaseFigures> = {}): PhaseFigures {
  return { ...stretch, name, worstDrop: 0, ...changes };
}

/** What a good drill measures of one service. */
export function sampleResult(changes: Partial<Result> = {}): Result {
  const second: SecondFigures = { offered: 100, answered: 100, ...figures };
  const sample: SampleRow = { hitRate: 0.99, status: ['up', 'up'], busy: 0.4 };
  return {
    name: 'ours',
    title: 'nestjs-redis-ha',
    rate: 100,
    instances: 2,
    run: {
      rate: 100,
      seconds: Array<SecondFigures>(12).fill(second),
      whole: stretch,
      phases: ['before', 'during', 'after'].map((name) => samplePhase(name)),
      lateness: { p50: 0, p95: 1, p99: 1, max: 2 },
    },
    samples: Array<SampleRow>(12).fill(sample),
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
    sessionsMade: { sessions: 200, tookMs: 900 },
    levels: null,
    direct: null,
    turns: [
      { p99: 3, processorMs: 5 },
      { p99: 90, processorMs: 5.2 },
      { p99: 2, processorMs: 4 },
    ],
    operationsPerSecond: 6000,
    redisCommandsPerSecond: 7000,
    upAgainMs: 3000,
    ...changes,
  };
}
