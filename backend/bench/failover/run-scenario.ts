import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { connectionName, type ClientKind } from '../clients/bench-client.js';
import { Child } from '../common/child.js';
import { sleep } from '../common/clock.js';
import type { Finding } from '../common/finding.js';
import { placeOf } from '../common/place.js';
import { connectionsOf } from '../common/server-connections.js';
import type { ClientAccount, ClientOrder } from './client-process.js';
import { measure, type Measured } from './measure.js';
import type { Scenario } from './scenario.js';
import { SentinelWatch } from './sentinel-watch.js';
import { Stage } from './stage.js';
import { findSurvivors } from './survivors.js';
import { READ_KEY, READ_VALUE, WARM_UP_MS } from './workload.js';

/** How the load is put on. */
export interface RunOptions {
  readonly clients: readonly ClientKind[];
  readonly perSecond: number;
  /** How long the load runs before the fault. */
  readonly calmMs: number;
}

/** One run of one scenario. */
export interface Run {
  readonly measured: readonly Measured[];
  readonly notes: readonly string[];
  /** What the scenario itself saw of promises of ours. */
  readonly findings: readonly Finding[];
  /** What each client says of the failovers. */
  readonly failovers: Readonly<Record<string, unknown>>;
}

const GRACE_MS = 12_000;

/** Starts a cluster and the clients, plays the scenario, and compares the books with what Redis has. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Run> {
  await using cluster = await startRedisCluster({ downAfterMs: 3000, ...scenario.cluster });
  const watch = await SentinelWatch.start(cluster, cluster.groups[0]);
  const clients = new Map<ClientKind, Child>();
  try {
    for (const kind of options.clients) {
      clients.set(kind, Child.start(kind, new URL('./client-process.js', import.meta.url)));
    }
    return await perform(scenario, options, new Stage(cluster, watch, clients));
  } finally {
    watch.stop();
    await Promise.all([...clients.values()].map((child) => child.end()));
  }
}

async function perform(scenario: Scenario, options: RunOptions, stage: Stage): Promise<Run> {
  const { cluster, clients } = stage;
  await cluster.primary().command('SET', READ_KEY, READ_VALUE);
  const place = placeOf(cluster, scenario.proxied?.(cluster));
  await each(clients, (child, client) => {
    const { perSecond } = options;
    const order: ClientOrder = { client, place, prefix: prefixOf(client), perSecond };
    return child.call('connect', order);
  });
  await each(clients, (child) => child.call('load'));
  await sleep(WARM_UP_MS + options.calmMs);
  const before = await connections(stage);
  await scenario.play(stage);
  const after = await connections(stage);
  const accounts = await each(clients, (child) => child.call<ClientAccount>('finish', GRACE_MS));
  const primary = await cluster.currentPrimary();
  const failovers = await each(clients, (child) => child.call('close'));
  const switchedAt = stage.watch.switchedAt(stage.times.faultAt);
  const measured: Measured[] = [];
  for (const [client, account] of accounts) {
    const left = after.get(client) ?? [];
    measured.push(
      measure({
        client,
        account,
        survivors: await findSurvivors(primary, prefixOf(client), account.calls),
        times: stage.times,
        switchedAt,
        disconnects: (before.get(client) ?? []).filter((name) => !left.includes(name)).length,
        endedItself: (await clients.get(client)?.end()) ?? true,
      }),
    );
  }
  const { notes, findings } = stage;
  return { measured, notes, findings, failovers: Object.fromEntries(failovers) };
}

/** The connections of each client to the nodes of the own group that answer. */
async function connections({ cluster, clients }: Stage): Promise<Map<ClientKind, string[]>> {
  const nodes = ownNodes(cluster).filter((node) => node.isAwake);
  return each(clients, (_, client) => connectionsOf(nodes, connectionName(client)));
}

function ownNodes(cluster: RedisTestCluster): ReturnType<RedisTestCluster['nodes']> {
  return cluster.nodes().filter(({ group }) => group === cluster.groups[0]);
}

function prefixOf(client: ClientKind): string {
  return `bench:${client}`;
}

async function each<T>(
  clients: ReadonlyMap<ClientKind, Child>,
  work: (child: Child, client: ClientKind) => Promise<T>,
): Promise<Map<ClientKind, T>> {
  const all = [...clients].map(
    async ([client, child]) => [client, await work(child, client)] as const,
  );
  return new Map(await Promise.all(all));
}
