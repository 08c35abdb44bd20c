import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { at, root } from '../../../scripts/lib/paths.mjs';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { start, stop, type Started } from '../../../scripts/lib/processes.mjs';
import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { now, sleep } from '../common/clock.js';
import { askHealth } from './health.js';
import type { Target } from './load.js';
import type { ContestantName } from './results.js';

const READY_WITHIN_MS = 60_000;
const END_WITHIN_MS = 10_000;
/** As `stop_grace_period` of the Compose file. */
const REPLACED_WITHIN_MS = 15_000;
const LOG_LINES = 15;
const INSTANCES = 2;

/** What there is to compare. */
export const CONTESTANTS = {
  ours: { title: 'nestjs-redis-ha', program: at('dist', 'app', 'main.js') },
  bare: {
    title: 'bare ioredis',
    program: fileURLToPath(new URL('./bare-app/main.js', import.meta.url)),
  },
} as const;

/** What a service is started with. */
export interface ServiceSettings {
  readonly cluster: RedisTestCluster;
  /** The folder for its logs. */
  readonly logs: string;
  readonly database: string | null;
  /** Further variables of its environment. */
  readonly variables?: Readonly<Record<string, string>>;
}

interface Instance {
  readonly child: Started;
  readonly number: number;
  readonly port: number;
}

/** How an instance was replaced: how the old one ended, and how long both took. */
export interface Replacement {
  readonly code: number;
  readonly stoppedMs: number;
  readonly readyMs: number;
}

const REDIS_SETTINGS = /^(REDIS_|DATABASE_URL$|PGLITE_DIR$)/;

/** One of the services that are compared: two instances of it. */
export class Service {
  private readonly instances: Instance[] = [];

  private constructor(
    readonly name: ContestantName,
    private readonly settings: ServiceSettings,
  ) {}

  /** Starts instances one after the other and waits until each is connected to Redis. */
  static async start(
    name: ContestantName,
    settings: ServiceSettings,
    own: (service: Service) => void,
  ): Promise<Service> {
    const service = new Service(name, settings);
    own(service);
    for (let number = 1; number <= INSTANCES; number++) {
      const instance = service.launch(number, await freePort(0));
      service.instances.push(instance);
      await whenReady(instance, service.logOf(number), isConnected);
    }
    return service;
  }

  /** What the report calls it. */
  get title(): string {
    return CONTESTANTS[this.name].title;
  }

  /** Where it listens. */
  get targets(): readonly Target[] {
    return this.instances.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Its processes. */
  get pids(): readonly (number | undefined)[] {
    return this.instances.map(({ child }) => child.pid);
  }

  /** Ends all instances. */
  async stop(): Promise<void> {
    await Promise.all(this.instances.map(({ child }) => stop(child, END_WITHIN_MS)));
  }

  /** Ends an instance as a deployment does, and starts a new one in its place. Resolves when that one says it is ready. */
  async replace(index: number): Promise<Replacement> {
    const old = this.instances[index];
    if (old === undefined) throw new Error(`There is no instance ${index}.`);
    const beganAt = now();
    await stop(old.child, REPLACED_WITHIN_MS);
    const { code } = await old.child.gone;
    const endedAt = now();
    const fresh = this.launch(old.number, old.port);
    this.instances[index] = fresh;
    await whenReady(fresh, this.logOf(old.number), isReady);
    return { code, stoppedMs: endedAt - beganAt, readyMs: now() - endedAt };
  }

  private launch(number: number, port: number): Instance {
    mkdirSync(this.settings.logs, { recursive: true });
    const file = openSync(this.logOf(number), 'a');
    const child = start(process.execPath, [CONTESTANTS[this.name].program], {
      cwd: root,
      env: environment(this.settings, port),
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    return { child, number, port };
  }

  private logOf(number: number): string {
    return join(this.settings.logs, `${this.name}-${number}.log`);
  }
}

/** The caller's environment without anything that would point a service elsewhere, and where the cluster is. */
function environment(
  { cluster, database, variables }: ServiceSettings,
  port: number,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !REDIS_SETTINGS.test(name));
  return {
    ...Object.fromEntries(inherited),
    ...cluster.env(),
    ...(database === null ? {} : { DATABASE_URL: database }),
    PORT: String(port),
    HOST: '127.0.0.1',
    ...variables,
  };
}

async function isConnected(port: number): Promise<boolean> {
  return (await askHealth(port))?.redis?.status === 'up';
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function whenReady(
  { child, port }: Instance,
  log: string,
  isIt: (port: number) => Promise<boolean>,
): Promise<void> {
  const giveUpAt = now() + READY_WITHIN_MS;
  while (now() < giveUpAt && child.exitCode === null && child.signalCode === null) {
    if (await isIt(port)) return;
    await sleep(100);
  }
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  throw new Error(`A backend did not get ready. The end of its log:\n${tail}`);
}
