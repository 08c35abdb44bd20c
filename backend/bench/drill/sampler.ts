// Looks once a second at what the services say of themselves, and at how busy the machine is.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { now } from './clock.mjs';
import { askHealth } from './services.mjs';

const TICKS_PER_SECOND = 100;

/** Starts looking. `stop()` answers the samples, one a second, with the moments they were taken. */
export function startSampler(targets) {
  const samples = [];
  let cpuBefore = cpuTimes();
  const look = async () => {
    const at = now();
    const cpuNow = cpuTimes();
    const busy = busyShare(cpuBefore, cpuNow);
    cpuBefore = cpuNow;
    const healths = await Promise.all(targets.map(({ port }) => askHealth(port)));
    samples.push({ at, busy, instances: healths.map(gist) });
  };
  void look();
  const timer = setInterval(() => void look(), 1_000);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}

function gist(health) {
  if (health?.redis === undefined) return null;
  const { status, metrics } = health.redis;
  return {
    status,
    hits: metrics?.hits ?? 0,
    misses: metrics?.misses ?? 0,
  };
}

function cpuTimes() {
  const sum = { idle: 0, all: 0 };
  for (const { times } of cpus()) {
    sum.idle += times.idle;
    sum.all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return sum;
}

const busyShare = (before, after) =>
  after.all === before.all ? null : 1 - (after.idle - before.idle) / (after.all - before.all);

/** Hits or misses between two samples; `null` where an instance did not answer or began anew. */
export function difference(before, after, field) {
  let sum = 0;
  for (const [index, later] of after.instances.entries()) {
    const earlier = before.instances[index];
    if (later === null || earlier === null || later[field] < earlier[field]) return null;
    sum += later[field] - earlier[field];
  }
  return sum;
}

/** One row for each second of a run: hit rate, status of each instance, how busy the machine was. */
export function samplesPerSecond(samples, startedAt, seconds) {
  return Array.from({ length: seconds }, (_, second) => {
    const until = startedAt + (second + 1) * 1000;
    const after = samples.findLastIndex(({ at }) => at <= until + 500);
    if (after < 1 || samples[after].at < until - 1_000) return null;
    return rowOf(samples[after - 1], samples[after]);
  });
}

function rowOf(before, after) {
  const hits = difference(before, after, 'hits');
  const misses = difference(before, after, 'misses');
  const isKnown = hits !== null && misses !== null && hits + misses > 0;
  return {
    hitRate: isKnown ? hits / (hits + misses) : null,
    status: after.instances.map((instance) => instance?.status ?? 'no answer'),
    busy: after.busy,
  };
}

/** Seconds of processor time that processes have used; `null` where the system does not say. */
export function cpuSecondsOf(pids) {
  try {
    const ticks = pids.map((pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return Number(fields[11]) + Number(fields[12]);
    });
    return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}
