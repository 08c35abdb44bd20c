// One service through one drill: a fresh cluster, two instances, sessions, load, the fault, and what is left.
import { at } from '../lib/paths.mjs';
import { sleep, sleepUntil } from './clock.mjs';
import { askHealth, startService } from './services.mjs';
import { inject } from './faults.mjs';
import { now } from './clock.mjs';
import { measureDirect } from './direct.mjs';
import { findRate } from './find-rate.mjs';
import { startLoad } from './load-client.mjs';
import { startObserver } from './observer.mjs';
import { cpuSecondsOf, samplesPerSecond, startSampler } from './sampler.mjs';
import { countCommands, countOperations } from './commands.mjs';

const DOWN_AFTER_MS = 3_000;
const INSTANCES = 2;
const SESSIONS = 200;
const WARM_UP_SECONDS = 6;
const TIMEOUT_MS = 5_000;
const MAX_SOCKETS = 400;
const CALM_MS = 2_500;
const UP_AGAIN_MS = 30_000;

/** The thirds of a run; `steady` has one stretch only. */
export function phasesOf(kind, seconds) {
  if (kind === 'steady') return [{ name: 'steady', fromMs: 0, toMs: seconds * 1000 }];
  const third = Math.floor(seconds / 3) * 1000;
  return [
    { name: 'before', fromMs: 0, toMs: third },
    { name: 'during', fromMs: third, toMs: 2 * third },
    { name: 'after', fromMs: 2 * third, toMs: seconds * 1000 },
  ];
}

/** Runs it. Whatever is started is handed to `own` first, so that it can be stopped at any moment. */
export async function runContestant(
  name,
  { kind, rate, seconds, database, logs, say, own, isEnding },
) {
  const { startRedisCluster } = await import(at('dist', 'lib', 'esm', 'testing', 'index.js'));
  say('starting a cluster of six and two instances ...');
  const cluster = own(await startRedisCluster({ downAfterMs: DOWN_AFTER_MS }));
  const observer = own(await startObserver(cluster));
  const service = own(await startService(name, { cluster, instances: INSTANCES, logs, database }));
  const load = own(
    startLoad({ targets: service.targets, timeoutMs: TIMEOUT_MS, maxSockets: MAX_SOCKETS }),
  );
  const made = await load.makeSessions(SESSIONS);
  say(`${made.sessions} users are logged in`);
  const stage = { name, kind, seconds, cluster, observer, service, load, say, isEnding };
  const levels = rate === null ? await findRate(load, say) : null;
  const result = await measure({ ...stage, rate: rate ?? levels.chosen });
  for (const part of [load, service]) await part.stop();
  if (kind === 'steady') say('operations without HTTP ...');
  const direct = kind === 'steady' ? await measureDirect(name, cluster, own) : null;
  for (const part of [observer, cluster]) await part.stop();
  return { ...result, levels, direct, sessionsMade: made };
}

async function measure(stage) {
  const { kind, seconds, rate, service, load, cluster, say } = stage;
  const phases = phasesOf(kind, seconds);
  const sampler = startSampler(service.targets);
  let begun;
  const started = new Promise((resolve) => (begun = resolve));
  say(`${rate} requests/s for ${seconds} s, after ${WARM_UP_SECONDS} s to warm up`);
  const running = load.run({ rate, seconds, phases, warmUpSeconds: WARM_UP_SECONDS }, begun);
  const startedAt = await Promise.race([started, running]);
  const before = await readCounters(stage);
  const faultAt = startedAt + (phases.find(({ name }) => name === 'during')?.fromMs ?? 0);
  const faulted = sleepUntil(faultAt).then(() => {
    if (kind !== 'steady') say(`the fault: ${kind}`);
    return inject(kind, cluster, stage);
  });
  const upAgain = faulted.then((fault) => timeUntilUp(kind, fault, service));
  await sleepUntil(startedAt + seconds * 1000);
  const after = await readCounters(stage);
  const run = await running;
  const fault = await faulted;
  const upAgainMs = await upAgain;
  await sleep(CALM_MS);
  const samples = sampler.stop();
  say('looking at every session ...');
  const verified = await load.verify();
  return {
    ...figuresOf({ stage, run, samples, fault, before, after }),
    upAgainMs,
    verified,
    run: withoutStart(run),
    phases,
  };
}

const withoutStart = ({ startedAt: _startedAt, ...run }) => run;

async function readCounters({ name, service, load, cluster }) {
  return {
    at: now(),
    operations: await countOperations(service.targets, name === 'bare'),
    commands: await countCommands(cluster),
    cpu: { services: cpuSecondsOf(service.pids), load: cpuSecondsOf([load.pid]) },
  };
}

function figuresOf({ stage, run, samples, fault, before, after }) {
  const { startedAt } = run;
  const seconds = stage.seconds;
  const rows = samplesPerSecond(samples, startedAt, seconds);
  const second = (moment) => (moment - startedAt) / 1000;
  const faultAt = fault.marks[0]?.at ?? null;
  const steps = faultAt === null ? [] : stage.observer.stepsAfter(faultAt);
  const spanS = (after.at - before.at) / 1000;
  return {
    name: stage.name,
    title: stage.service.title,
    rate: stage.rate,
    instances: stage.service.targets.length,
    samples: rows,
    hitRate: hitRates(rows, seconds),
    fault: { ...fault, marks: fault.marks.map(({ label, at }) => ({ label, second: second(at) })) },
    steps: steps.map((step) => ({
      label: step.label,
      second: second(step.at),
      afterFaultMs: Math.round(step.at - faultAt),
    })),
    heart: { ...stage.observer.heart },
    operationsPerSecond: rateOf(before.operations, after.operations, spanS),
    redisCommandsPerSecond: rateOf(before.commands, after.commands, spanS),
    cpu: {
      services: rateOf(before.cpu.services, after.cpu.services, spanS),
      load: rateOf(before.cpu.load, after.cpu.load, spanS),
    },
  };
}

const rateOf = (before, after, seconds) =>
  before === null || after === null || after < before ? null : (after - before) / seconds;

/** The hit rate of the first and of the last third, and the lowest second between. */
function hitRates(rows, seconds) {
  const third = Math.floor(seconds / 3);
  const known = (some) => some.map((row) => row?.hitRate ?? null).filter((rate) => rate !== null);
  const mean = (rates) =>
    rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const all = known(rows);
  return {
    before: mean(known(rows.slice(0, third))),
    after: mean(known(rows.slice(2 * third))),
    lowest: all.length === 0 ? null : Math.min(...all),
  };
}

/** How long after the end of the fault every instance calls Redis up again; `null` if it does not. */
async function timeUntilUp(kind, fault, service) {
  if (kind !== 'all-down') return null;
  const backAt = fault.marks.at(-1)?.at ?? now();
  while (now() < backAt + UP_AGAIN_MS) {
    const healths = await Promise.all(service.targets.map(({ port }) => askHealth(port)));
    if (healths.every((health) => health?.redis?.status === 'up')) return now() - backAt;
    await sleep(100);
  }
  return null;
}
