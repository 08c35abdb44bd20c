import { ConfigInvalidError, InvalidArgumentError } from '../base/errors/index.js';
import { HIDDEN } from '../base/options/index.js';
import { answerWithin, atDeadline, type Clock } from '../base/timing/index.js';
import {
  changingCredentials,
  type CredentialsReport,
  type ConnectedOptions,
} from '../config/index.js';

/**
 * Asks for the credentials that hold now, and has the living connections log in with them.
 *
 * @throws InvalidArgumentError (`INVALID_ARGUMENT`) where the credentials cannot change.
 * @throws ConfigInvalidError (`CONFIG_INVALID`) when the function that returns them fails or takes too long.
 */
export async function renewCredentials(
  options: ConnectedOptions,
  clock: Clock,
): Promise<CredentialsReport> {
  const { node } = options;
  const accesses = options.mode === 'sentinel' ? [node, options.sentinel] : [node];
  const asked = accesses.flatMap((access) => {
    const changing = changingCredentials(access);
    return changing === null ? [] : [changing.renew(access.username)];
  });
  if (asked.length === 0) throw notChanging();
  const late = (): ConfigInvalidError => tooLate(node.connectTimeoutMs);
  const limit = atDeadline(clock, node.connectTimeoutMs, late);
  const reports = await answerWithin(Promise.all(asked), limit);
  const sum = (count: keyof CredentialsReport): number =>
    reports.reduce((total, report) => total + report[count], 0);
  return { renewed: sum('renewed'), refused: sum('refused'), later: sum('later') };
}

function notChanging(): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'node.credentials',
    value: undefined,
    message: 'is not set, so there are no other credentials than those of the start',
    remedy: 'Give node.credentials as a function, or node.passwordFile',
  });
}

function tooLate(ms: number): ConfigInvalidError {
  return new ConfigInvalidError([
    {
      field: 'node.credentials',
      value: HIDDEN,
      message: `no answer within ${String(ms)} ms: either the function has not returned, or a server has not`,
      remedy: 'Let the function answer sooner, or raise node.connectTimeoutMs',
    },
  ]);
}
