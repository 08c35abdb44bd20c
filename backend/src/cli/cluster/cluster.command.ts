import { resolve } from 'node:path';
import { SystemClock } from '../../redis/base/timing/index.js';
import { COMPOSE_OPTIONS } from '../compose/index.js';
import { CliError, type CommandIo, defineCommand, EXIT, type ExitCode } from '../frame/index.js';
import { inShell, NODE_NAMES, upCommandOf } from '../local/index.js';
import { DEFAULT_FOLDER, UP } from '../reach/index.js';
import { type Cluster, type ClusterReport, nothingIn } from './cluster-shape.js';
import { drawCluster, drawVariables } from './draw-cluster.js';
import { newCluster } from './running-cluster.js';

const clock = new SystemClock();
const MAX_PORT = 65_535;
const ACTIONS = ['up', 'down', 'status'] as const;

/** `cluster up|down|status` */
export const command = defineCommand({
  summary: 'Start, end or show a cluster of six nodes on this machine, for drills',
  details:
    'One primary, two replicas and three Sentinels, as processes in a folder, or in containers with --compose. It is for trying things out: nothing is written to disk, and everything listens on this machine only.',
  arguments: [{ name: 'action', about: 'what to do', words: ACTIONS }],
  options: {
    folder: {
      kind: 'text',
      value: 'folder',
      isPath: true,
      about: `where its processes run and write (${DEFAULT_FOLDER})`,
    },
    env: { kind: 'flag', about: 'nothing but the variables of an application, for eval' },
    profile: {
      kind: 'choice',
      words: ['default', 'fast'],
      about: 'fast: a node that is silent for 1200 ms is called down, and not for 3000',
    },
    ports: {
      kind: 'text',
      value: 'p,p,p,p,p,p',
      about: 'six ports, those of the data nodes first (else free ones)',
    },
    'master-name': { kind: 'text', value: 'name', about: 'name of the group (mymaster)' },
    server: {
      kind: 'text',
      value: 'path',
      isPath: true,
      about: 'the server (else redis-server or valkey-server of the PATH)',
    },
    ...COMPOSE_OPTIONS,
    volumes: { kind: 'flag', about: 'with down --compose: remove the data, too' },
  },
  examples: [
    ['cluster up', 'starts six processes'],
    ['cluster up --profile fast', 'the same, with Sentinels that notice a loss sooner'],
    ['cluster up --env', 'in a shell: eval "$(npx nestjs-redis-ha cluster up --env)"'],
    ['cluster up --compose docker-compose.redis-sentinel.yml', 'starts containers'],
    ['cluster down', 'ends exactly what up has started'],
  ],
  exits: [
    [EXIT.done, 'done; with status: every node runs, and the cluster is whole'],
    [EXIT.unwell, 'status: something is missing'],
    [EXIT.failed, 'it could not be done; with status: nothing runs'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it; what was begun is ended, too'],
  ],
  run: async ({ words, options }, io) => {
    const action = ACTIONS.find((one) => one === words[0]) ?? 'status';
    const cluster = await newCluster(
      {
        folder: resolve(options.folder ?? DEFAULT_FOLDER),
        ...{ profile: options.profile, server: options.server, compose: options.compose },
        masterName: options['master-name'] ?? 'mymaster',
        ports: options.ports === null ? null : readPorts(options.ports),
        composeEnv: options['compose-env'],
        project: options.project,
      },
      { io, clock },
    );
    const how = { isJson: options.json, isEnv: options.env, up: upCommand(options), io };
    if (action === 'up') return up(cluster, how);
    return action === 'down' ? down(cluster, options.volumes, how) : status(cluster, how);
  },
});

interface How {
  readonly isJson: boolean;
  readonly isEnv: boolean;
  /** What is typed to start this very cluster. */
  readonly up: string;
  readonly io: CommandIo;
}

function upCommand(typed: {
  readonly folder: string | null;
  readonly compose: string | null;
  readonly 'compose-env': string | null;
  readonly project: string | null;
}): string {
  if (typed.compose === null) return upCommandOf(resolve(typed.folder ?? DEFAULT_FOLDER));
  const words = (['compose', 'compose-env', 'project'] as const).flatMap((name) => {
    const value = typed[name];
    return value === null ? [] : [`--${name} ${inShell(value)}`];
  });
  return [UP, ...words].join(' ');
}

async function up(cluster: Cluster, how: How): Promise<ExitCode> {
  await cluster.up();
  show(await cluster.look(), how);
  return EXIT.done;
}

async function down(
  cluster: Cluster,
  alsoVolumes: boolean,
  { isJson, io }: How,
): Promise<ExitCode> {
  const ended = await cluster.down(alsoVolumes);
  if (isJson) {
    const report: ClusterReport = { ...nothingIn(cluster.place), ended };
    io.out.line(JSON.stringify(report));
  } else if (ended === 0) io.out.line(`Nothing runs in ${cluster.place}`);
  else io.out.line(`Ended ${String(ended)} of ${cluster.place}`);
  return EXIT.done;
}

async function status(cluster: Cluster, how: How): Promise<ExitCode> {
  const report = await cluster.look();
  show(report, how);
  const running = report.nodes.filter(({ state }) => state === 'running').length;
  if (running === 0) return EXIT.failed;
  return report.problems.length === 0 ? EXIT.done : EXIT.unwell;
}

function show(report: ClusterReport, { isJson, isEnv, up: typed, io }: How): void {
  if (isJson) io.out.line(JSON.stringify(report));
  else if (isEnv) for (const line of drawVariables(report)) io.out.line(line);
  else for (const line of drawCluster(report, typed, io.out)) io.out.line(line);
}

function readPorts(text: string): number[] {
  const ports = text.split(',').map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : NaN));
  const isSix = ports.length === NODE_NAMES.length && new Set(ports).size === ports.length;
  if (isSix && ports.every((port) => port >= 1 && port <= MAX_PORT)) return ports;
  throw CliError.misused(
    `--ports ${text} is not possible`,
    `Write ${String(NODE_NAMES.length)} different ports from 1 to ${String(MAX_PORT)}, with commas between`,
  );
}
