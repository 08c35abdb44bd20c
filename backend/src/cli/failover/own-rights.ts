import { formatAddress, type NodeAddress } from '../../redis/base/address/index.js';
import {
  type Answer,
  isReached,
  reach,
  type ReachOptions,
  type Survey,
  SURVEY_DEADLINE_MS,
} from '../reach/index.js';
import type { Check } from '../verdict/index.js';

type Words = readonly [command: string, ...args: string[]];

/** Asked with words that no server takes, so that nothing happens: who may not do it is told that first. */
const NOWHERE = 'nowhere';
const AT_PRIMARY: readonly Words[] = [
  ['client', 'pause', NOWHERE],
  ['client', 'kill', 'type', NOWHERE],
  ['replicaof', NOWHERE, NOWHERE],
];
const AT_REPLICA: readonly Words[] = [['config', 'set', NOWHERE, NOWHERE]];
const AT_SENTINEL: readonly Words[] = [['sentinel', 'failover', '-']];

interface Asked {
  readonly announced: NodeAddress;
  readonly address: NodeAddress;
  readonly whose: 'node' | 'sentinel';
  readonly words: readonly Words[];
}

/**
 * Judges whether the user may do what a planned failover needs: one that may not would find out while writes wait. Changes
 * nothing.
 *
 * @param to - whether a replica is wanted: its priority is changed for that
 */
export async function judgeOwnRights(
  redis: Extract<ReachOptions, { mode: 'sentinel' }>,
  survey: Survey,
  to: string | null,
): Promise<Check[]> {
  const { mapAddress } = redis.sentinel;
  const isThere = ({ fault }: { readonly fault: string | null }): boolean => fault === null;
  const nodes = survey.nodes.filter(isThere).map((node): Asked => ({
    ...{ announced: node.announced, address: node.address, whose: 'node' },
    words: node === survey.primary ? AT_PRIMARY : to === null ? [] : AT_REPLICA,
  }));
  const sentinels = survey.sentinels.filter(isThere).map(({ address, isConfigured }): Asked => ({
    ...{ announced: address, whose: 'sentinel', words: AT_SENTINEL },
    address: isConfigured ? address : mapAddress(address),
  }));
  const asked = [...nodes, ...sentinels].filter(({ words }) => words.length > 0);
  return (await Promise.all(asked.map((one) => askOne(redis, one)))).flat();
}

async function askOne(
  redis: Extract<ReachOptions, { mode: 'sentinel' }>,
  { announced, address, whose, words }: Asked,
): Promise<Check[]> {
  const access = whose === 'node' ? redis.node : redis.sentinel;
  const server = await reach({ address, access, whose, deadlineMs: SURVEY_DEADLINE_MS });
  if (!isReached(server)) return [];
  const answers = await Promise.all(words.map((each) => server.tryAsk(...each)));
  server.close();
  const lacking = answers.flatMap((answer, at) => (isRefused(answer) ? [ruleOf(words[at])] : []));
  if (lacking.length === 0) return [];
  const figure = `this user lacks ${lacking.join(', ')} on ${formatAddress(announced)}: docs/failover.md#rights`;
  return [{ level: 'FAIL', what: 'planned failover', figure }];
}

function isRefused(answer: Answer): boolean {
  return !answer.ok && answer.reason.startsWith('NOPERM');
}

function ruleOf([command = '', sub = '']: readonly string[] = []): string {
  return command === 'replicaof' ? '+replicaof' : `+${command}|${sub}`;
}
