import { resolve } from 'node:path';
import type { Clock } from '../../redis/base/timing/index.js';
import { ComposeProject, operatorEnvironment } from '../compose/index.js';
import { CliError, type Environment } from '../frame/index.js';
import { LocalCluster, upCommandOf } from '../local/index.js';
import {
  connectionFrom,
  DEFAULT_FOLDER,
  lineForShell,
  UP,
  type ConnectionValues,
} from '../reach/index.js';
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
  const local = await findLocal(typed, clock);
  const said = typed.folder === null ? (env['REDIS_SENTINELS'] ?? '') : '';
  if (local !== null && ['', local.variables['REDIS_SENTINELS']].includes(said)) {
    return { target: new LocalTarget(local), lockedFolder: local.folder };
  }
  if (local !== null && finding.kind !== 'switchover') throw namesAnother(local);
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
  const operator = operatorEnvironment(containers, env);
  // Where the environment leads is another cluster, and a switchover would move that one's primary.
  if (operator === null && typed.sentinels === null) throw runsNowhere(file);
  const options = connectionFrom(typed, { env: operator ?? env });
  return new ComposeTarget({ file, project, containers, options });
}

function runsNowhere(file: string): CliError {
  return new CliError(
    `No Sentinel of ${file} is reached from here`,
    `${UP} with the same --compose starts it; where it publishes no Sentinel, give --sentinels h:p,h:p,h:p`,
  );
}

async function findLocal(typed: TargetValues, clock: Clock): Promise<LocalCluster | null> {
  if (typed.folder === null) {
    return isSaidElsewhere(typed) ? null : findAlive(DEFAULT_FOLDER, clock);
  }
  const found = await findAlive(typed.folder, clock);
  if (found !== null) return found;
  throw new CliError(
    `Nothing runs in ${resolve(typed.folder)}`,
    `Start it with ${upCommandOf(resolve(typed.folder))}`,
  );
}

// Which of the two is to be broken must not be guessed.
function namesAnother({ folder, upCommand }: LocalCluster): CliError {
  return CliError.misused(
    `REDIS_SENTINELS names another cluster than the one that cluster up started in ${folder}`,
    `For that one give --folder ${DEFAULT_FOLDER}, or type ${lineForShell(upCommand)} first; for the other one give --do 'command' and --undo 'command'`,
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
