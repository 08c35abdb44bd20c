import type { Case, CaseName } from './cases.js';
import { stopPrimary, type PlannedStop } from './planned-stop.js';
import { ScriptCluster } from './script-cluster.js';

/** How often, and where. */
export interface RepeatOptions {
  readonly runs: number;
  readonly cases: readonly CaseName[];
  readonly clusters: number;
  readonly scripts: string;
}

/** All stops of one case with one setting. */
export interface Series {
  readonly name: CaseName;
  readonly minReplicasToWrite: number;
  readonly isSafeForAll: boolean;
  readonly stops: PlannedStop[];
}

interface Job {
  readonly series: Series;
  readonly theCase: Case;
  readonly run: number;
}

/** Stops primaries in all states, with and without `min-replicas-to-write`. */
export async function handOverRepeatedly(
  options: RepeatOptions,
  cases: readonly Case[],
): Promise<readonly Series[]> {
  const all: Series[] = [];
  for (const minReplicasToWrite of [1, 0]) {
    const jobs = cases
      .filter(({ name }) => options.cases.includes(name))
      .flatMap((theCase) => {
        const { name, isSafeForAll } = theCase;
        const series: Series = { name, minReplicasToWrite, isSafeForAll, stops: [] };
        all.push(series);
        return Array.from({ length: options.runs }, (_, run) => ({ series, theCase, run }));
      });
    const clusters = Math.min(options.clusters, jobs.length);
    await Promise.all(
      Array.from({ length: clusters }, () => work(jobs, options.scripts, minReplicasToWrite)),
    );
  }
  return all;
}

async function work(jobs: Job[], scripts: string, minReplicasToWrite: number): Promise<void> {
  const cluster = await ScriptCluster.start({ scripts, minReplicasToWrite });
  try {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { series, theCase, run } = job;
      const stop = await stopPrimary(cluster, theCase, run);
      series.stops.push(stop);
      process.stderr.write(`${lineOf(job, stop)}\n`);
    }
  } finally {
    await cluster.stop();
  }
}

function lineOf({ series, run }: Job, { clients, tookMs, hasHandedOver }: PlannedStop): string {
  const { ours, plain } = clients;
  return (
    `${series.name} (min-replicas-to-write ${String(series.minReplicasToWrite)}) ${String(run + 1)}: ` +
    `${hasHandedOver ? 'handed over' : 'NOT handed over'}, ended after ${tookMs.toFixed(0)} ms, ` +
    `lost ${String(ours.lost)}/${String(plain.lost)}, ` +
    `waited ${ours.waitedMs.toFixed(0)}/${plain.waitedMs.toFixed(0)} ms`
  );
}
