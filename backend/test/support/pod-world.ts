import { RedisService, resolveOptions, SessionService } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { pause, waitUntil } from '../../src/redis/testing/time/wait-until.js';
import { Load, type LedgerCheck, type LoadReport } from './load.js';
import { PodCluster, type PodClusterPlan } from './pod-cluster.js';
import { serveCalls } from './serve-calls.js';
import { doorTo } from './session-door.js';
import { SessionUsers, type UsersReport } from './session-users.js';

/** What is done to the cluster while applications use it. */
export type PodAct = keyof typeof ACTS;

/** What an application saw of one act. */
export interface PodReport {
  readonly load: LoadReport;
  readonly ledger: LedgerCheck;
  readonly users: UsersReport;
  readonly sessions: { readonly begun: number; readonly ended: number };
  /** Sessions that an application refuses although they were not ended, or the other way round. */
  readonly wrong: readonly string[];
  readonly tookMs: number;
  /** What the node scripts said meanwhile. */
  readonly said: readonly string[];
  readonly primary: { readonly before: string; readonly after: string };
}

const USERS = 20;
const ENOUGH = 80;

interface World {
  readonly cluster: PodCluster;
  readonly engines: readonly RedisEngine[];
}

let acts = 0;

const ACTS = {
  /** The machine of the primary loses its power, and another one starts the pod later. */
  'host lost': async ({ cluster }: World) => {
    const primary = await cluster.primary();
    await primary.loseHost();
    await cluster.primary();
    primary.start();
    await cluster.untilReady();
  },
  /** The container of the primary ends without notice and is started again at once, empty, with a new address. */
  crash: async ({ cluster }: World) => {
    const primary = await cluster.primary();
    await primary.container.kill();
    primary.start();
    await cluster.untilReady();
  },
  'redeploy all': async ({ cluster }: World) => {
    await cluster.redeployAll();
    await cluster.untilReady();
  },
  /** The new container of the primary starts while the old one still runs, which gets no time to end. */
  'overlap without grace': async ({ cluster }: World) => {
    const primary = await cluster.primary();
    const old = primary.container;
    primary.start();
    await pause(2000);
    await old.kill();
    await cluster.untilReady();
  },
  /** One replica more for reads, and away again. The Sentinels are told to forget it, one after the other. */
  'scale reads': async ({ cluster }: World) => {
    const reader = cluster.readReplica('redis-read-0.redis-read.shop.svc.cluster.local');
    reader.start();
    await reader.untilReady();
    const isListed = async (by: number): Promise<boolean> =>
      (await cluster.listedReplicas()).filter((names) => names.includes(reader.name)).length === by;
    await waitUntil(() => isListed(3), { what: 'all Sentinels list it', timeoutMs: 20_000 });
    await reader.stop();
    await pause(4000);
    if (!(await isListed(3))) throw new TypeError('a Sentinel has forgotten it by itself');
    for (const pod of cluster.sentinels) {
      await cluster.asOperator(pod, 'sentinel reset mymaster');
      await cluster.untilReady();
    }
    if (!(await isListed(0))) throw new TypeError('a Sentinel lists it still');
  },
  /** The drill that moves the primary by hand, in the container of a data node. */
  drill: async ({ cluster }: World) => {
    const { code, text } = await cluster.nodes[1]!.container.exec('drill.sh');
    process.stderr.write(text);
    if (code !== 0) throw new TypeError(`drill.sh ended with ${String(code)}: ${text}`);
    await cluster.untilReady();
  },
} as const;

async function open(plan: PodClusterPlan): Promise<World> {
  const cluster = await PodCluster.start(plan);
  const engines = await Promise.all([startEngine(cluster), startEngine(cluster)]);
  return { cluster, engines };
}

async function startEngine(cluster: PodCluster): Promise<RedisEngine> {
  const { options } = resolveOptions({
    mode: 'sentinel',
    sentinel: {
      nodes: [...cluster.addresses],
      username: 'app',
      password: cluster.password('app', 'sentinel'),
    },
    node: { username: 'app', password: cluster.password('app', 'redis') },
  });
  const engine = new RedisEngine(options);
  engine.start();
  await new RedisService(engine).whenReady(20_000);
  return engine;
}

function sessionsOf(engine: RedisEngine): SessionService<{ n: number }> {
  const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
  const keyspace = engine.keyspaces.open('pod-sessions', settings);
  return new SessionService(keyspace, {}, { clock: engine.calendar, bus: engine.bus });
}

const sessions = new Map<RedisEngine, SessionService<{ n: number }>>();

async function live(name: PodAct): Promise<PodReport> {
  const here = await world;
  const { cluster, engines } = here;
  await cluster.mend();
  const doors = engines.map((engine) => {
    const service = sessions.get(engine) ?? sessionsOf(engine);
    sessions.set(engine, service);
    return doorTo(service);
  });
  const load = new Load(new RedisService(engines[0]!), { opsPerSecond: 200 });
  const users = new SessionUsers(doors, { users: USERS, seed: ++acts });
  const untilMore = async (when: string): Promise<void> => {
    const before = users.acknowledged;
    await waitUntil(() => users.acknowledged > before + ENOUGH, {
      what: `users did enough ${when}`,
      timeoutMs: 30_000,
    });
  };
  await untilMore('before it');
  const before = (await cluster.primary()).name;
  const since = new Date().toISOString().slice(0, 19);
  load.resetGaps();
  const began = performance.now();
  await ACTS[name](here);
  const tookMs = performance.now() - began;
  await untilMore('after it');
  const [report, done] = await Promise.all([load.stop(), users.stop()]);
  await waitUntil(
    () =>
      engines.every(({ keyspaces: { status } }) => {
        return status.mode === 'healthy' && status.journal.entries === 0;
      }),
    { what: 'every application is healthy, with nothing left in its journal', timeoutMs: 30_000 },
  );
  let wrong: string[] = [];
  await waitUntil(async () => (wrong = await users.wrongAtRest()).length === 0, {
    what: 'all applications agree with the users',
    timeoutMs: 3000,
  }).catch(() => undefined);
  return {
    load: report,
    ledger: await load.check(),
    users: done,
    sessions: users.sessions,
    wrong,
    tookMs,
    said: linesSince(cluster, since),
    primary: { before, after: (await cluster.primary()).name },
  };
}

function linesSince({ pods }: PodCluster, since: string): string[] {
  const said = pods.flatMap(({ lines }) => lines.filter((line) => line.includes('Z [')));
  return said.filter((line) => line >= since).sort();
}

const plan = JSON.parse(process.argv[2] ?? '{}') as PodClusterPlan;
const world = open(plan);
world.catch(() => undefined);

serveCalls({
  ready: async () => {
    await world;
    return true;
  },
  live,
});
