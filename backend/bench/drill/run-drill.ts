import { now, sleep, sleepUntil } from '../common/clock.js';
import { mean } from '../../src/cli/measure/statistics.js';
import type { Kind } from './arguments.js';
import { countCommands, countOperations } from './commands.js';
import { inject, type Fault } from './faults.js';
import { askHealth } from './health.js';
import type { LoadRun, Result, SampleRow, Stretch } from './results.js';
import { cpuSecondsOf, Sampler, samplesPerSecond, type Sample } from './sampler.js';
import type { Service } from './services.js';
import type { Stage } from './stage.js';

interface Counters {
  readonly at: number;
  readonly operations: number | null;
  readonly commands: number | null;
  readonly cpuOfServices: number | null;
  readonly cpuOfLoad: number | null;
}

/** What one drill measures; the rest of a result is measured before and after it. */
export type Measured = Omit<Result, 'levels' | 'direct' | 'sessionsMade' | 'turns'>;

/** All that was seen of a run. */
interface Seen {
  readonly startedAt: number;
  readonly run: LoadRun;
  readonly samples: readonly Sample[];
  readonly fault: Fault;
  readonly before: Counters;
  readonly after: Counters;
  readonly upAgainMs: number | null;
}

const WARM_UP_SECONDS = 6;
const CALM_MS = 2500;
const UP_AGAIN_MS = 30_000;

/** The thirds of a run; `steady` has one stretch only. */
export function phasesOf(kind: Kind, seconds: number): Stretch[] {
  if (kind === 'steady') return [{ name: 'steady', fromMs: 0, toMs: seconds * 1000 }];
  const third = Math.floor(seconds / 3) * 1000;
  return [
    { name: 'before', fromMs: 0, toMs: third },
    { name: 'during', fromMs: third, toMs: 2 * third },
    { name: 'after', fromMs: 2 * third, toMs: seconds * 1000 },
  ];
}

/** A service that is up through its drill: load, the fault, and what is left. */
export async function runDrill(stage: Stage): Promise<Measured> {
  const { kind, seconds, rate, service, load, say } = stage;
  const phases = phasesOf(kind, seconds);
  const sampler = new Sampler(service.targets, service.name);
  say(`${rate} requests/s for ${seconds} s, after ${WARM_UP_SECONDS} s to warm up`);
  await load.warmUp(rate, WARM_UP_SECONDS);
  const startedAt = await load.begin({ rate, seconds, phases });
  const running = load.finish();
  const before = await readCounters(stage);
  const faultAt = startedAt + (phases.find(({ name }) => name === 'during')?.fromMs ?? 0);
  const breaking = breakAt(faultAt, stage);
  await sleepUntil(startedAt + seconds * 1000);
  const after = await readCounters(stage);
  const run = await running;
  const { fault, upAgainMs } = await breaking;
  await sleep(CALM_MS);
  const samples = sampler.stop();
  say('looking at every session ...');
  const verified = await load.verify();
  const seen = { startedAt, run, samples, fault, before, after, upAgainMs };
  return { ...figuresOf(stage, seen), verified };
}

async function breakAt(
  moment: number,
  stage: Stage,
): Promise<{ fault: Fault; upAgainMs: number | null }> {
  const { kind, cluster, service, observer, isEnding, say } = stage;
  await sleepUntil(moment);
  if (kind !== 'steady') say(`the fault: ${kind}`);
  const fault = await inject(kind, cluster, { redis: observer.redis, isEnding });
  return { fault, upAgainMs: kind === 'all-down' ? await timeUntilUp(fault, service) : null };
}

async function readCounters({ service, load, cluster }: Stage): Promise<Counters> {
  return {
    at: now(),
    operations: await countOperations(service.targets, service.name),
    commands: await countCommands(cluster),
    cpuOfServices: cpuSecondsOf(service.pids),
    cpuOfLoad: cpuSecondsOf([load.pid]),
  };
}

function figuresOf(
  { seconds, service, observer, rate }: Stage,
  { startedAt, run, samples, fault, before, after, upAgainMs }: Seen,
): Omit<Measured, 'verified'> {
  const rows = samplesPerSecond(samples, startedAt, seconds);
  const secondOf = (moment: number): number => (moment - startedAt) / 1000;
  const faultAt = fault.marks[0]?.at ?? Infinity;
  const spanS = (after.at - before.at) / 1000;
  return {
    name: service.name,
    title: service.title,
    rate,
    instances: service.targets.length,
    run,
    samples: rows,
    hitRate: hitRates(rows),
    fault: {
      ...fault,
      marks: fault.marks.map(({ label, at }) => ({ label, second: secondOf(at) })),
    },
    steps: observer.stepsAfter(faultAt).map(({ label, at }) => ({
      label,
      second: secondOf(at),
      afterFaultMs: Math.round(at - faultAt),
    })),
    heart: observer.heart,
    operationsPerSecond: perSecond(before.operations, after.operations, spanS),
    redisCommandsPerSecond: perSecond(before.commands, after.commands, spanS),
    cpu: {
      services: perSecond(before.cpuOfServices, after.cpuOfServices, spanS),
      load: perSecond(before.cpuOfLoad, after.cpuOfLoad, spanS),
    },
    upAgainMs,
  };
}

function perSecond(before: number | null, after: number | null, seconds: number): number | null {
  return before === null || after === null || after < before ? null : (after - before) / seconds;
}

/** The hit rate of the first and of the last third, and the lowest second between. */
function hitRates(rows: readonly (SampleRow | null)[]): Result['hitRate'] {
  const third = Math.floor(rows.length / 3);
  const known = (some: readonly (SampleRow | null)[]): number[] =>
    some.map((row) => row?.hitRate ?? null).filter((rate) => rate !== null);
  const meanOf = (rates: readonly number[]): number | null =>
    rates.length === 0 ? null : mean(rates);
  const all = known(rows);
  return {
    before: meanOf(known(rows.slice(0, third))),
    after: meanOf(known(rows.slice(2 * third))),
    lowest: all.length === 0 ? null : Math.min(...all),
  };
}

/** How long after the end of the fault every instance calls Redis up again; `null` if it does not. */
async function timeUntilUp({ marks }: Fault, { targets }: Service): Promise<number | null> {
  const backAt = marks.at(-1)?.at ?? now();
  while (now() < backAt + UP_AGAIN_MS) {
    const healths = await Promise.all(targets.map(({ port }) => askHealth(port)));
    if (healths.every((health) => health?.redis?.status === 'up')) return now() - backAt;
    await sleep(100);
  }
  return null;
}
