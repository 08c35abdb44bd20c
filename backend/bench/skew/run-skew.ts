import type { LoadReport } from './skew-load.js';
import type { CacheCounts, Served } from './skewed-process.js';
import type { SkewStage } from './stage.js';
import { staleIn, type StaleValue, type View } from './stale-values.js';

/** What one run came to. */
export interface SkewRun {
  readonly run: number;
  readonly reports: readonly LoadReport[];
  readonly counts: CacheCounts;
  readonly stale: readonly StaleValue[];
  /** Keys of which nothing is promised, because the cache could not be told of their change. */
  readonly untold: number;
}

/**
 * Lets each process read and change the same keys with so many calls, and looks at rest what each of them serves: with a
 * near copy, from Redis, and from memory while it is cut off.
 */
export async function runSkew(stage: SkewStage, run: number, calls: number): Promise<SkewRun> {
  const before = await stage.all<CacheCounts>('counts');
  const reports = await stage.all<LoadReport>('run', run, calls);
  await untilAtRest(stage, run);
  const [truth] = await stage.all<Served>('readSource', run);
  const views = await look(stage, run);
  const untold = new Set(reports.flatMap((report) => report.untold));
  const after = await stage.all<CacheCounts>('counts');
  return {
    run,
    reports,
    counts: difference(after, before),
    stale: staleIn(views, truth ?? {}, untold),
    untold: untold.size,
  };
}

async function look(stage: SkewStage, run: number): Promise<View[]> {
  const views = async (where: View['where'], method: string): Promise<View[]> => {
    const all = await stage.all<Served>(method, run);
    return all.map((served, process) => ({ process, where, served }));
  };
  const whileThere = [...(await views('near', 'readNear')), ...(await views('redis', 'readRedis'))];
  stage.cut();
  try {
    return [...whileThere, ...(await views('memory', 'readMemory'))];
  } finally {
    stage.heal();
    await stage.all('untilHealthy');
  }
}

async function untilAtRest(stage: SkewStage, run: number): Promise<void> {
  // What one process hands in late may still be refused or repeated by another.
  await stage.all('settle');
  await stage.all('settle');
  await untilAllHeard(stage, run);
  await stage.untilReplicated();
}

/**
 * Redis sends notices in the order of their writes. So who has heard of a last write has heard of all before it, and
 * who still answers with his near copy of the value before has not. A process cannot tell this of a write of its own.
 */
async function untilAllHeard(stage: SkewStage, run: number): Promise<void> {
  for (const writer of stage.processes.slice(0, 2)) {
    const key = `${String(run)}:last:${String(stage.processes.indexOf(writer))}`;
    await writer.call('write', key, 1);
    await stage.all('untilReads', key, 1);
    const sources = await stage.all<string>('sourceOf', key);
    if (sources.some((source) => source !== 'memory')) {
      throw new Error(`a process has no near copy of what it has just read: ${sources.join(', ')}`);
    }
    await writer.call('write', key, 2);
    await stage.all('untilReads', key, 2);
  }
}

function difference(after: readonly CacheCounts[], before: readonly CacheCounts[]): CacheCounts {
  const sum = (name: keyof CacheCounts): number =>
    after.reduce((all, counts, i) => all + counts[name] - (before[i]?.[name] ?? 0), 0);
  return {
    hits: sum('hits'),
    nearHits: sum('nearHits'),
    loads: sum('loads'),
    joined: sum('joined'),
  };
}
