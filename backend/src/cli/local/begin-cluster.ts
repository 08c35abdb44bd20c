import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '../../redis/base/timing/index.js';
import {
  canListen,
  claimPort,
  redisConfigFile,
  sentinelConfigFile,
  type DataNodeConfig,
  type SentinelConfig,
} from '../../redis/lab/index.js';
import { CliError } from '../frame/index.js';
import { awaitWhole, type Expected } from '../look/index.js';
import { isReached, reach, readInfo } from '../reach/index.js';
import { LocalCluster } from './local-cluster.js';
import { LOCK_FILE } from './lock-folder.js';
import { planOf, untilGone } from './local-server.js';
import { newState, passwordFile, stateFile, writeState, type LocalNode } from './local-state.js';
import { signalTo } from './process-mark.js';

/** How soon the Sentinels of a profile call a node down. */
const PROFILES = { default: 3_000, fast: 1_200 } as const;

/** What is started. */
export interface ClusterPlan {
  readonly folder: string;
  readonly masterName: string;
  readonly profile: keyof typeof PROFILES;
  readonly serverPath: string;
  /** Six of them, those of the data nodes first; free ones where there is none. */
  readonly ports: readonly number[] | null;
}

/** Tells what goes on, and when to end. */
export interface Watch {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** The names of the nodes, in the order of their ports. */
export const NODE_NAMES = ['node-1', 'node-2', 'node-3', 'sentinel-1', 'sentinel-2', 'sentinel-3'];

const EXPECTED: Expected = { nodes: 3, sentinels: 3 };
const WHOLE_WITHIN_MS = 40_000;
const LINKED_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
/** Nothing is left of what could not be begun, no log either. */
const TRY_AGAIN = 'Nothing of it runs; try it again when the machine has less to do';
const OWN_FILES = ['.gitignore', 'password'];

/**
 * Starts one primary, two replicas and three Sentinels in a folder; resolves when they are whole. What was started is ended
 * where that fails, or is interrupted.
 */
export async function beginCluster(plan: ClusterPlan, watch: Watch): Promise<LocalCluster> {
  const folder = resolve(plan.folder);
  const cluster = await writeFolder({ ...plan, folder }, watch.clock);
  try {
    await startAll(cluster, watch);
    return cluster;
  } catch (error) {
    await endCluster(cluster, watch.clock);
    throw error;
  }
}

/** Starts what does not run of a cluster of which something runs. */
export async function completeCluster(cluster: LocalCluster, watch: Watch): Promise<void> {
  for (const node of cluster.nodes) {
    if (cluster.stateOf(node) === 'frozen') cluster.thaw(node);
    await cluster.start(node);
  }
  await untilWhole(cluster, watch, `See the logs in ${cluster.folder}`);
}

/** Ends exactly the processes of a cluster, and removes what it wrote. Returns how many were ended. */
export async function endCluster(cluster: LocalCluster, clock: Clock): Promise<number> {
  // The Sentinels first, so that none takes the end for the loss of a primary.
  const inOrder = [...cluster.nodes].reverse();
  const ended = inOrder.filter(({ mark }) => mark !== null && signalTo(mark, 'SIGKILL'));
  await Promise.all(
    ended.map(async ({ name, mark }) => {
      if (mark !== null) await untilGone(name, mark, clock);
    }),
  );
  for (const { name } of cluster.nodes) {
    rmSync(join(cluster.folder, name), { recursive: true, force: true });
  }
  // The state goes last: whoever is interrupted before can come back.
  for (const file of OWN_FILES) rmSync(join(cluster.folder, file), { force: true });
  rmSync(stateFile(cluster.folder), { force: true });
  return ended.length;
}

async function writeFolder(plan: ClusterPlan, clock: Clock): Promise<LocalCluster> {
  const { folder, masterName, profile, serverPath } = plan;
  refuseStrangers(folder);
  const ports = plan.ports ?? (await freePorts());
  await refuseTaken(ports);
  const nodes = NODE_NAMES.map((name, at): LocalNode => {
    return { name, isSentinel: name.startsWith('sentinel'), port: ports[at] ?? 0, mark: null };
  });
  const state = newState({ masterName, profile, serverPath, nodes });
  writeState(folder, state);
  const password = randomBytes(16).toString('base64url');
  writeFileSync(passwordFile(folder), `${password}\n`, { mode: 0o600 });
  // None of it is for a repository.
  writeFileSync(join(folder, '.gitignore'), '*\n');
  const files = configFiles(plan, nodes, password);
  for (const [at, node] of nodes.entries()) {
    const { directory, configPath } = planOf(folder, node, serverPath);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    writeFileSync(configPath, files[at] ?? '', { mode: 0o600 });
  }
  return new LocalCluster(folder, state, clock);
}

// A folder that was named by mistake must not be filled.
function refuseStrangers(folder: string): void {
  if (!existsSync(folder)) return;
  const state = basename(stateFile(folder));
  const known = new Set([...NODE_NAMES, ...OWN_FILES, LOCK_FILE, state, `${state}.new`]);
  const stranger = readdirSync(folder).find((name) => !known.has(name));
  if (stranger === undefined) return;
  throw new CliError(
    `${folder} holds something else (${stranger})`,
    'Name a folder that is empty, or that does not exist, with --folder',
  );
}

async function refuseTaken(ports: readonly number[]): Promise<void> {
  for (const [at, port] of ports.entries()) {
    if (await canListen(port)) continue;
    throw new CliError(
      `Port ${String(port)} is taken, which ${NODE_NAMES[at] ?? 'a node'} would have`,
      'Name one that is free with --ports, or leave --ports out',
    );
  }
}

async function freePorts(): Promise<number[]> {
  const claims = await Promise.all(NODE_NAMES.map(() => claimPort()));
  for (const claim of claims) claim.release();
  return claims.map(({ port }) => port);
}

function configFiles(
  { masterName, profile }: ClusterPlan,
  nodes: readonly LocalNode[],
  password: string,
): string[] {
  // Else a node that is killed comes back with the copy of its last full synchronisation.
  const data: DataNodeConfig = {
    ...{ username: undefined, password, redisConfig: ['rdb-del-sync-files yes'] },
    ...{ minReplicasToWrite: 1, minReplicasMaxLag: 2 },
  };
  const watched: SentinelConfig = {
    ...{ username: undefined, password, sentinelPassword: undefined, sentinelConfig: [] },
    ...{ quorum: 2, failoverTimeoutMs: 10_000, parallelSyncs: 1 },
    downAfterMs: PROFILES[profile],
  };
  const primary = { host: '127.0.0.1', port: nodes[0]?.port ?? 0 };
  const groups = new Map([[masterName, primary]]);
  return nodes.map(({ isSentinel, port }) => {
    if (isSentinel) return sentinelConfigFile(watched, port, groups);
    return redisConfigFile(data, port, port === primary.port ? undefined : primary);
  });
}

// Sentinels that start when the replicas are linked know them at once, and not ten seconds later.
async function startAll(cluster: LocalCluster, watch: Watch): Promise<void> {
  const [primary, ...others] = cluster.nodes;
  if (primary === undefined) return;
  await cluster.start(primary);
  requireGoingOn(watch.signal);
  const replicas = others.filter(({ isSentinel }) => !isSentinel);
  for (const replica of replicas) await cluster.start(replica);
  await untilLinked(cluster, primary, { count: replicas.length, watch });
  for (const sentinel of others.filter(({ isSentinel }) => isSentinel)) {
    requireGoingOn(watch.signal);
    await cluster.start(sentinel);
  }
  await untilWhole(cluster, watch, TRY_AGAIN);
}

async function untilLinked(
  cluster: LocalCluster,
  { port }: LocalNode,
  { count, watch }: { readonly count: number; readonly watch: Watch },
): Promise<void> {
  const { clock, signal } = watch;
  const until = clock.now() + LINKED_WITHIN_MS;
  const server = await reach({
    address: { host: '127.0.0.1', port },
    ...{ access: cluster.options.node, whose: 'node', deadlineMs: LINKED_WITHIN_MS },
  });
  try {
    while (isReached(server) && clock.now() < until) {
      requireGoingOn(signal);
      const info = readInfo(String(await server.ask('info', 'replication')));
      const linked = [...info.values()].filter((value) => value.includes('state=online')).length;
      if (linked >= count) return;
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    if (isReached(server)) server.close();
  }
  throw new CliError('The replicas are not linked to the primary', TRY_AGAIN);
}

async function untilWhole(cluster: LocalCluster, watch: Watch, remedy: string): Promise<void> {
  const { problems } = await awaitWhole(cluster.options, {
    ...watch,
    ...{ timeoutMs: WHOLE_WITHIN_MS, expected: EXPECTED },
    onLook: ([first]) => {
      if (first !== undefined) watch.say(first);
    },
  });
  requireGoingOn(watch.signal);
  if (problems.length === 0) return;
  throw new CliError(`The cluster is not whole: ${problems.join('; ')}`, remedy);
}

function requireGoingOn(signal: AbortSignal): void {
  if (signal.aborted) throw new CliError('Interrupted', 'Nothing of it runs');
}
