import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../../../scripts/lib/paths.mjs';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { now, sleepUntil } from '../common/clock.js';
import { LoadClient } from '../drill/load-client.js';
import { Observer, type StepAt } from '../drill/observer.js';
import type { LoadRun, Verified } from '../drill/results.js';
import { Service, type Replacement } from '../drill/services.js';
import type { PlainOrder, PlainPlace } from '../drill/plain-drill.js';
import { HaProxy } from './haproxy.js';

/** Something that was done in a run. */
export interface RollingMark {
  readonly label: string;
  readonly second: number;
}

/** What was seen of one run. */
export interface RollingRun {
  readonly withFailover: boolean;
  readonly run: LoadRun;
  readonly verified: Verified;
  readonly marks: readonly RollingMark[];
  readonly replacements: readonly Replacement[];
  /** From the kill until a replica was promoted, and until the first write, in ms; `null` without a failover. */
  readonly promotedAfterMs: number | null;
  readonly writableAfterMs: number | null;
  /** Whether both new instances got requests in the end. */
  readonly bothServe: boolean;
}

const DOWN_AFTER_MS = 3000;
const SESSIONS = 200;
const WARM_UP_S = 6;
const FIRST_AT_S = 5;
// Whoever asks through a proxy waits for longer than a failover takes.
const TIMEOUT_MS = 10_000;
const MAX_SOCKETS = 400;
const RESTARTED_AFTER_MS = 10_000;

/** What the instances are started with, as in the Compose file. */
export const SHUTDOWN_DELAY_MS = 3000;

interface Scene {
  readonly cluster: RedisTestCluster;
  readonly service: Service;
  readonly proxy: HaProxy;
  readonly mark: (label: string) => number;
}

/** Two instances behind the proxy under load, replaced one after the other; with a failover while the second one is. */
export async function runRolling(
  order: PlainOrder,
  withFailover: boolean,
  { logs, own }: PlainPlace,
): Promise<RollingRun> {
  const cluster = own(await startRedisCluster({ downAfterMs: DOWN_AFTER_MS }));
  const observer = own(await Observer.start(cluster));
  const variables = {
    SHUTDOWN_DELAY_MS: String(SHUTDOWN_DELAY_MS),
    // What an instance has acknowledged while there was no primary must not go with it: a logout, above all.
    REDIS_JOURNAL_DIR: join(logs, 'journals'),
  };
  const { database, rate, seconds } = order;
  const service = await Service.start('ours', { cluster, logs, database, variables }, own);
  const config = readFileSync(at('deploy', 'proxy', 'haproxy.cfg'), 'utf8');
  const [one, other] = service.targets;
  const ports = [one?.port ?? 0, other?.port ?? 0] as const;
  const proxy = own(await HaProxy.start({ config, ports }));
  const settings = { targets: [proxy.target], timeoutMs: TIMEOUT_MS, maxSockets: MAX_SOCKETS };
  const load = own(await LoadClient.start(settings));
  await load.makeSessions(SESSIONS);
  await load.warmUp(rate, WARM_UP_S);
  const phases = [{ name: 'all', fromMs: 0, toMs: seconds * 1000 }];
  const startedAt = await load.begin({ rate, seconds, phases });
  const running = load.finish();
  const marks: RollingMark[] = [];
  const mark = (label: string): number => {
    const at = now();
    marks.push({ label, second: (at - startedAt) / 1000 });
    return at;
  };
  await sleepUntil(startedAt + FIRST_AT_S * 1000);
  const { replacements, killedAt } = await replaceBoth(
    { cluster, service, proxy, mark },
    withFailover,
  );
  const run = await running;
  const verified = await load.verify();
  const bothServe = await proxy.whenBothServe().then(
    () => true,
    () => false,
  );
  const steps = killedAt === null ? [] : observer.stepsAfter(killedAt);
  for (const part of [load, proxy, service, observer, cluster]) await part.stop();
  return {
    ...{ withFailover, run, verified, marks, replacements, bothServe },
    promotedAfterMs: after(killedAt, steps, 'promoted'),
    writableAfterMs: after(killedAt, steps, 'first write'),
  };
}

async function replaceBoth(
  { cluster, service, proxy, mark }: Scene,
  withFailover: boolean,
): Promise<{ replacements: Replacement[]; killedAt: number | null }> {
  mark('first stops');
  const first = await service.replace(0);
  // Ready is not enough: until the proxy has seen it there would be nobody, once it has seen the second one go.
  await proxy.whenBothServe();
  mark('second stops');
  const replacing = service.replace(1);
  // One instance alone serves, and the other one starts while there is no primary.
  const killed = withFailover ? await cluster.currentPrimary() : null;
  await killed?.kill();
  const killedAt = killed === null ? null : mark('primary killed');
  const second = await replacing;
  mark('both new');
  if (killed !== null && killedAt !== null) {
    await sleepUntil(killedAt + RESTARTED_AFTER_MS);
    await killed.restart();
  }
  return { replacements: [first, second], killedAt };
}

function after(from: number | null, steps: readonly StepAt[], label: string): number | null {
  const step = steps.find((one) => one.label === label);
  return from === null || step === undefined ? null : Math.round(step.at - from);
}
