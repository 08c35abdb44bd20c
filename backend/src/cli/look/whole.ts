import { formatAddress, sameAddress } from '../../redis/base/address/index.js';
import type { Survey, SurveyedNode, SurveyedSentinel } from '../reach/index.js';

/** How many there must be, where somebody knows. */
export interface Expected {
  readonly nodes: number;
  readonly sentinels: number;
}

/**
 * Returns why a cluster is not whole, for people; empty when it is. "Quorum OK" is not enough: if it fails over before every
 * Sentinel knows every replica, one is not reconfigured, and the new primary refuses writes.
 */
export function problemsOf(survey: Survey, expected: Partial<Expected> = {}): string[] {
  const { sentinels, nodes } = survey;
  const wanted = { nodes: nodes.length, sentinels: sentinels.length, ...expected };
  return [
    ...(nodes.length < wanted.nodes ? [missing('nodes', nodes.length, wanted.nodes)] : []),
    ...(sentinels.length < wanted.sentinels
      ? [missing('Sentinels', sentinels.length, wanted.sentinels)]
      : []),
    ...problemsOfPrimary(survey),
    ...sentinels.flatMap((sentinel) => problemsOfSentinel(sentinel, survey, wanted)),
    ...nodes.filter((node) => node !== survey.primary).flatMap(problemsOfReplica),
  ];
}

function missing(what: string, seen: number, wanted: number): string {
  return `there are ${String(seen)} of ${String(wanted)} ${what}`;
}

function problemsOfPrimary({ primary, masterName }: Survey): string[] {
  if (primary === null) {
    return [`nobody names a primary${masterName === null ? '' : ` of ${masterName}`}`];
  }
  const name = formatAddress(primary.announced);
  if (primary.fault !== null) return [`the primary ${name} does not answer: ${primary.fault}`];
  return primary.role?.kind === 'primary' ? [] : [`${name} is named as the primary and is none`];
}

function problemsOfReplica({ announced, fault, role }: SurveyedNode): string[] {
  const name = formatAddress(announced);
  if (fault !== null) return [`the node ${name} does not answer: ${fault}`];
  if (role?.kind === 'primary') return [`${name} says that it is a primary, too`];
  return role?.kind === 'replica' && role.isLinked
    ? []
    : [`the replica ${name} is not linked to its primary`];
}

function problemsOfSentinel(
  sentinel: SurveyedSentinel,
  { primary }: Survey,
  wanted: Expected,
): string[] {
  const { address, fault, view, viewFault } = sentinel;
  const name = `the Sentinel ${formatAddress(address)}`;
  if (fault !== null) return [`${name} does not answer: ${fault}`];
  if (view === null) return [`${name} says nothing of the group: ${viewFault ?? 'no answer'}`];
  const found = [
    ...problemsOfView(view, primary),
    ...missingIn(sentinel, view, wanted),
    sentinel.quorum?.ok !== true && `has no quorum: ${sentinel.quorum?.reason ?? 'no answer'}`,
  ];
  return found.filter((problem) => problem !== false).map((problem) => `${name} ${problem}`);
}

type View = NonNullable<SurveyedSentinel['view']>;

function problemsOfView(view: View, primary: SurveyedNode | null): (string | false)[] {
  const isOther = primary !== null && !sameAddress(view.primary, primary.announced);
  return [
    isOther && `names ${formatAddress(view.primary)} as the primary`,
    view.isPrimaryDown && 'calls the primary down',
    view.isFailoverInProgress && 'says that a failover is under way',
  ];
}

function missingIn(
  { others }: SurveyedSentinel,
  { replicas }: View,
  wanted: Expected,
): (string | false)[] {
  const healthy = replicas.filter(({ isHealthy }) => isHealthy).length;
  const inTouch = others.filter((fields) => !/down|disconnected/.test(flagsOf(fields))).length;
  const [nodes, sentinels] = [wanted.nodes - 1, wanted.sentinels - 1];
  return [
    healthy < nodes && `lists ${String(healthy)} of ${String(nodes)} replicas as healthy`,
    inTouch < sentinels &&
      `is in touch with ${String(inTouch)} of ${String(sentinels)} other Sentinels`,
  ];
}

// `master_down` among them only repeats what that one thought of a primary that was replaced.
function flagsOf(fields: ReadonlyMap<string, string>): string {
  return (fields.get('flags') ?? '').replace('master_down', '');
}
