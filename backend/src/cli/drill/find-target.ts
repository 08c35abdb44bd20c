import { resolve } from 'node:path';
import type { Clock } from '../../redis/base/timing/index.js';
import { ComposeProject, variablesOf } from '../compose/index.js';
import { CliError, type Environment } from '../frame/index.js';
import { DEFAULT_FOLDER, LocalCluster } from '../local/index.js';
import { connectionFrom, type ConnectionValues } from '../reach/index.js';
import { ComposeTarget } from './compose-target.js';
import type { DrillKind, DrillTarget } from './fault-step.js';
import { GivenTarget } from './given-target.js';
import { LocalTarget } from './local-target.js';

/** What was typed of where the cluster is. */
export interface TargetValues extends ConnectionValues {
  readonly folder: string | null;
  readonly compose: string | null;
  readonly 'compose-env': string | null;
  readonly project: string | null;
  readonly do: string | null;
  readonly undo: string | null;
}

/** What it is found with. */
export interface Finding {
  readonly kind: DrillKind;
  readonly env: Environment;
  readonly clock: Clock;
}

/** A cluster, and the folder that is to be locked while it is drilled. */
export interface FoundTarget {
  readonly target: DrillTarget;
  readonly lockedFolder: string | null;
}

/**
 * Returns what is to be drilled: the containers of a Compose file, what `cluster up` started, or a cluster that others know
 * how to break.
 *
 * @throws {@link CliError} `misused` where nobody said how
 */
export async function findTarget(typed: TargetValues, finding: Finding): Promise<FoundTarget> {
  const { env, clock } = finding;
  refuseContradiction(typed);
  if (typed.compose !== null) {
    return { target: await composeTarget(typed, typed.compose, finding), lockedFolder: null };
  }
  const local = await findLocal(typed, env, clock);
  if (local !== null) return { target: new LocalTarget(local), lockedFolder: local.folder };
  return { target: givenTarget(typed, finding), lockedFolder: null };
}

function refuseContradiction({ folder, compose, do: make, undo }: TargetValues): void {
  const ways = [
    ...(folder === null ? [] : ['--folder']),
    ...(compose === null ? [] : ['--compose']),
    ...(make === null && undo === null ? [] : ['--do and --undo']),
  ];
  if (ways.length > 1) {
    throw CliError.misused(`${ways.join(' and ')} contradict each other`, 'Give one of them');
  }
}

async function composeTarget(
  typed: TargetValues,
  file: string,
  { env, clock }: Finding,
): Promise<DrillTarget> {
  const names = { file, envFile: typed['compose-env'], project: typed.project };
  const project = await ComposeProject.open(names, env, clock);
  const containers = await project.containers();
  // What the containers say wins over what the environment says of another cluster.
  const options = connectionFrom(typed, { env: { ...env, ...variablesOf(containers) } });
  return new ComposeTarget({ file, project, containers, options });
}

async function findLocal(
  typed: TargetValues,
  env: Environment,
  clock: Clock,
): Promise<LocalCluster | null> {
  if (typed.folder === null) {
    const found = isSaidElsewhere(typed) ? null : await findAlive(DEFAULT_FOLDER, clock);
    const said = env['REDIS_SENTINELS'] ?? '';
    // The environment may name another cluster.
    return said === '' || said === found?.variables['REDIS_SENTINELS'] ? found : null;
  }
  const found = await findAlive(typed.folder, clock);
  if (found !== null) return found;
  throw new CliError(
    `Nothing runs in ${resolve(typed.folder)}`,
    'Start it with nestjs-redis-ha cluster up',
  );
}

function isSaidElsewhere({ sentinels, node, do: make, ...typed }: TargetValues): boolean {
  return [sentinels, node, make, typed['env-file']].some((value) => value !== null);
}

async function findAlive(folder: string, clock: Clock): Promise<LocalCluster | null> {
  const found = await LocalCluster.find(resolve(folder), clock);
  return found?.isAlive === true ? found : null;
}

function givenTarget(typed: TargetValues, { kind, env }: Finding): DrillTarget {
  const options = connectionFrom(typed, { env });
  const { do: make, undo } = typed;
  if (kind === 'switchover') return new GivenTarget(options, null, env);
  if (make === null || undo === null) {
    throw CliError.misused(
      `Nobody said how ${kind} is done to this cluster, and how it is undone`,
      "Give --do 'command' and --undo 'command', or --compose, or start a cluster with cluster up",
    );
  }
  return new GivenTarget(options, { make, undo }, env);
}
