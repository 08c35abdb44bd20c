import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { now } from '../common/clock.js';
import { sum } from '../../src/cli/measure/statistics.js';
import { askHealth } from './health.js';
import type { Target } from './load.js';
import { askMetrics, sumOfMetric } from './metrics.js';
import type { ContestantName, SampleRow } from './results.js';

const TICKS_PER_SECOND = 100;
const LATE_MS = 500;
const REQUESTS = 'redis_ha_cache_requests_total';

/** What one instance said: its status, and how often the catalogue was answered from the cache and how often not. */
export interface InstanceSample {
  readonly status: string;
  readonly hits: number;
  readonly misses: number;
}

/** What the instances said at one moment; `null` for one that did not answer. */
export interface Sample {
  readonly at: number;
  readonly busy: number | null;
  readonly instances: readonly (InstanceSample | null)[];
}

interface CpuTimes {
  readonly idle: number;
  readonly all: number;
}

/** Looks once a second at what the services say of themselves, and at how busy the machine is. */
export class Sampler {
  private readonly samples: Sample[] = [];
  private readonly timer: NodeJS.Timeout;
  private cpuBefore = cpuTimes();

  constructor(
    private readonly targets: readonly Target[],
    private readonly name: ContestantName,
  ) {
    void this.look();
    this.timer = setInterval(() => void this.look(), 1000);
  }

  /** Looks no more; returns what was seen. */
  stop(): readonly Sample[] {
    clearInterval(this.timer);
    return this.samples;
  }

  private async look(): Promise<void> {
    const at = now();
    const cpuNow = cpuTimes();
    const busy = busyShare(this.cpuBefore, cpuNow);
    this.cpuBefore = cpuNow;
    const ask = this.name === 'bare' ? askBare : askOurs;
    const instances = await Promise.all(this.targets.map(({ port }) => ask(port)));
    this.samples.push({ at, busy, instances });
  }
}

// The bare service counts the reads of its catalogue only.
async function askBare(port: number): Promise<InstanceSample | null> {
  const redis = (await askHealth(port))?.redis;
  if (redis === undefined) return null;
  return {
    status: redis.status,
    hits: redis.metrics?.hits ?? 0,
    misses: redis.metrics?.misses ?? 0,
  };
}

// In the health of ours, reads of sessions are among the hits; they would hide those of the catalogue.
async function askOurs(port: number): Promise<InstanceSample | null> {
  const [health, metrics] = await Promise.all([askHealth(port), askMetrics(port)]);
  if (health?.redis === undefined || metrics === '') return null;
  const readsWith = (result: string): number =>
    sumOfMetric(metrics, REQUESTS, ['namespace="products"', `result="${result}"`]) ?? 0;
  const hits = readsWith('hit') + readsWith('stale');
  return { status: health.redis.status, hits, misses: readsWith('miss') };
}

function cpuTimes(): CpuTimes {
  const all = cpus().map(({ times }) => times);
  return {
    idle: sum(all.map(({ idle }) => idle)),
    all: sum(all.map(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq)),
  };
}

function busyShare(before: CpuTimes, after: CpuTimes): number | null {
  return after.all === before.all
    ? null
    : 1 - (after.idle - before.idle) / (after.all - before.all);
}

/** One row for each second of a run: hit rate, status of each instance, how busy the machine was. */
export function samplesPerSecond(
  samples: readonly Sample[],
  startedAt: number,
  seconds: number,
): (SampleRow | null)[] {
  return Array.from({ length: seconds }, (_, second) => {
    const until = startedAt + (second + 1) * 1000;
    const last = samples.findLastIndex(({ at }) => at <= until + LATE_MS);
    const [before, after] = [samples[last - 1], samples[last]];
    if (before === undefined || after === undefined || after.at < until - 1000) return null;
    return rowOf(before, after);
  });
}

function rowOf(before: Sample, after: Sample): SampleRow {
  const hits = difference(before, after, 'hits');
  const misses = difference(before, after, 'misses');
  const isKnown = hits !== null && misses !== null && hits + misses > 0;
  return {
    hitRate: isKnown ? hits / (hits + misses) : null,
    status: after.instances.map((instance) => instance?.status ?? 'no answer'),
    busy: after.busy,
  };
}

/** Hits or misses between two samples; `null` where an instance did not answer or began anew. */
function difference(before: Sample, after: Sample, field: 'hits' | 'misses'): number | null {
  let total = 0;
  for (const [index, later] of after.instances.entries()) {
    const earlier = before.instances[index] ?? null;
    if (later === null || earlier === null || later[field] < earlier[field]) return null;
    total += later[field] - earlier[field];
  }
  return total;
}

/** Seconds of processor time that processes have used; `null` where the system does not say. */
export function cpuSecondsOf(pids: readonly (number | undefined)[]): number | null {
  try {
    const ticks = pids.map((pid) => {
      const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return Number(fields[11]) + Number(fields[12]);
    });
    return sum(ticks) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}
