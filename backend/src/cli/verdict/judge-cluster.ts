import { formatAddress, sameAddress } from '../../redis/base/address/index.js';
import {
  describeUnseen,
  isBlind,
  type SentinelView,
  unseenRoles,
} from '../../redis/cluster/topology/index.js';
import {
  priorityOf,
  saysQuorum,
  type Survey,
  type SurveyedNode,
  type SurveyedSentinel,
} from '../reach/index.js';
import { type Check, faultInWords } from './check.js';
import { bytesBehind, isGoodReplica, linkOf } from './good-replica.js';
import { isBlindToPrimary, isDownForAll, isTilted, judgeSight, TILT } from './judge-sight.js';
import { whyNoWrites } from './why-no-writes.js';

/** What the Sentinels that answer say of the group. */
export function viewsIn({ sentinels }: Survey): SentinelView[] {
  return sentinels.flatMap(({ view }) => (view === null ? [] : [view]));
}

/** The replicas that could take over now: linked, and some Sentinel may and would promote them. */
export function successorsIn(survey: Survey): SurveyedNode[] {
  return survey.nodes.filter(
    (node) => isGoodReplica(node, survey) && priorityOf(node) !== 0 && !isDownForAll(survey, node),
  );
}

/** The Sentinels that could lead a failover now; `null` where this user may not ask one of them. */
function leadersIn(survey: Survey): number | null {
  const said = survey.sentinels.map((one) => ({ one, can: saysQuorum(one) }));
  if (said.some(({ can }) => can === null)) return null;
  return said.filter(({ one, can }) => can && !isTilted(one) && !isBlindToPrimary(one, survey))
    .length;
}

/** Judges what was seen of a cluster, or of the only node. Changes nothing, and writes nothing. */
export function judgeCluster(survey: Survey): Check[] {
  const { nodes, primary, masterName } = survey;
  if (masterName === null) return nodes.map(judgeOnlyNode);
  const sentinels = survey.sentinels.flatMap((one) => [
    judgeSentinel(one, masterName),
    ...judgeList(one),
  ]);
  if (primary === null) return [...sentinels, judgeLostDiscovery(survey)];
  const replicas = nodes.filter((node) => node !== primary);
  return [
    ...sentinels,
    judgeDiscovery(survey),
    judgeRolesSeen(survey),
    judgePrimary(primary),
    ...replicas.map((node) => judgeReplica(node, survey)),
    ...judgeSight(survey),
    judgeRedundancy(survey, replicas),
  ];
}

const NAMED = '; another Sentinel names it';

// Without the list nobody knows of a replica, and none of them is judged.
function judgeList({ address, view, replicasFault }: SurveyedSentinel): Check[] {
  if (view === null || replicasFault === null) return [];
  const what = `replicas of ${formatAddress(address)}`;
  return [{ level: 'WARN', what, figure: `it does not list them: ${faultInWords(replicasFault)}` }];
}

function judgeSentinel(sentinel: SurveyedSentinel, masterName: string): Check {
  const what = `sentinel ${formatAddress(sentinel.address)}`;
  const { fault, view, viewFault, isConfigured } = sentinel;
  if (fault !== null || view === null) {
    const why = faultInWords(fault ?? viewFault ?? 'it says nothing of the group', masterName);
    return { level: 'WARN', what, figure: `${why}${isConfigured ? '' : NAMED}` };
  }
  return { what, ...judgeWork(sentinel, view) };
}

/** Whether it can do its work. */
function judgeWork(
  sentinel: SurveyedSentinel,
  { primary, epoch, quorum, otherSentinels }: SentinelView,
): Pick<Check, 'level' | 'figure'> {
  if (isTilted(sentinel)) return { level: 'WARN', figure: TILT };
  const others = Number(sentinel.group.get('num-other-sentinels') ?? otherSentinels.length);
  const figure =
    `primary is ${formatAddress(primary)}, epoch ${String(epoch)}; ` +
    `${String(others + 1)} Sentinels known`;
  const canDecide = saysQuorum(sentinel);
  if (canDecide === null) {
    const why = 'this user may not ask whether they can fail over (+sentinel|ckquorum)';
    return { level: 'ok', figure: `${figure}; ${why}` };
  }
  if (canDecide)
    return { level: 'ok', figure: `${figure}; can fail over (quorum ${String(quorum)})` };
  const reason = sentinel.quorum?.ok === false ? sentinel.quorum.reason : 'nobody knows';
  return { level: 'WARN', figure: `no quorum, so no automatic failover: ${reason}` };
}

function judgeLostDiscovery({ sentinels }: Survey): Check {
  const isRefused = sentinels.some(({ fault }) => /password|WRONGPASS|NOAUTH/i.test(fault ?? ''));
  const figure = isRefused
    ? 'no Sentinel lets us in: check REDIS_SENTINEL_PASSWORD'
    : 'no Sentinel tells who the primary is';
  return { level: 'FAIL', what: 'discovery', figure };
}

function judgeDiscovery(survey: Survey): Check {
  const { sentinels, primary } = survey;
  const views = viewsIn(survey);
  const name = primary === null ? '' : formatAddress(primary.announced);
  const isOne = views.every((view) => formatAddress(view.primary) === name);
  const epoch = Math.max(...views.map((view) => view.epoch));
  return {
    level: isOne ? 'ok' : 'WARN',
    what: 'discovery',
    figure: isOne
      ? `${String(views.length)} of ${String(sentinels.length)} Sentinels name the primary ${name}`
      : `the Sentinels disagree; the newest, epoch ${String(epoch)}, says ${name}`,
    threshold: 'all the same',
  };
}

// For ten to twenty seconds after each failover. An automatic one is in no danger: a Sentinel that calls the primary
// down makes nobody its replica.
function judgeRolesSeen(survey: Survey): Check {
  const what = 'roles';
  const views = viewsIn(survey);
  const unseen = unseenRoles(views);
  if (unseen.length === 0) {
    const figure = `${String(views.length)} of ${String(survey.sentinels.length)} Sentinels have seen who is the primary and who is not`;
    return { level: 'ok', what, figure };
  }
  const figure = unseen.map(describeUnseen).join('; ');
  if (unseen.some(isBlind)) return { level: 'WARN', what, figure, threshold: 'every 10 s' };
  return { level: 'note', what, figure: `${figure}; a planned failover waits for that` };
}

function judgePrimary(node: SurveyedNode): Check {
  const what = `primary ${formatAddress(node.announced)}`;
  const { fault, role, info } = node;
  if (fault !== null) return { level: 'FAIL', what, figure: faultInWords(fault) };
  if (role?.kind !== 'primary') {
    const is = role?.kind === 'replica' ? 'replica' : 'something else';
    const figure = `says it is a ${is}; a failover is under way, or nobody is the primary`;
    return { level: 'FAIL', what, figure, threshold: 'role master' };
  }
  const refusal = whyNoWrites(node);
  if (refusal !== null) return { level: 'FAIL', what, figure: refusal };
  const connected = Number(info.get('connected_slaves') ?? role.replicas.length);
  return {
    level: connected > 0 ? 'ok' : 'WARN',
    what,
    figure: `role master, ${String(connected)} replicas connected`,
    threshold: 'at least 1',
  };
}

function judgeReplica(node: SurveyedNode, survey: Survey): Check {
  const what = `replica ${formatAddress(node.announced)}`;
  const { fault, role, info } = node;
  if (fault !== null) return { level: 'WARN', what, figure: faultInWords(fault) };
  if (role?.kind !== 'replica') {
    const figure =
      'says it is a primary as well: split brain, or it came back and Sentinel has not demoted it yet';
    return { level: 'FAIL', what, figure };
  }
  if (survey.primary !== null && !sameAddress(role.primary, survey.primary.announced)) {
    const figure = `follows ${formatAddress(role.primary)}`;
    return { level: 'WARN', what, figure, threshold: formatAddress(survey.primary.announced) };
  }
  if (!isGoodReplica(node, survey)) {
    const figure = `its link to the primary is ${linkOf(node)} ${sinceWhen(info)}`;
    return { level: 'WARN', what, figure, threshold: 'up' };
  }
  const behind = bytesBehind(node, survey.primary) ?? 0;
  const never = priorityOf(node) === 0 ? '; never promoted (priority 0)' : '';
  return { level: 'ok', what, figure: `link up, ${String(behind)} bytes behind${never}` };
}

function sinceWhen(info: SurveyedNode['info']): string {
  const seconds = Number(info.get('master_link_down_since_seconds') ?? -1);
  return seconds >= 0
    ? `for ${String(seconds)} s`
    : 'since its start: it gets its first copy, or cannot';
}

function judgeRedundancy(survey: Survey, replicas: readonly SurveyedNode[]): Check {
  const good = successorsIn(survey).length;
  const leaders = leadersIn(survey);
  const decided =
    leaders === null
      ? 'whether Sentinels can decide it this user may not ask'
      : `${String(leaders)} of ${String(survey.sentinels.length)} Sentinels can decide it`;
  return {
    level: good > 0 && leaders !== 0 ? 'ok' : 'WARN',
    what: 'redundancy',
    figure: `${String(good)} of ${String(replicas.length)} replicas can take over, ${decided}`,
    threshold: 'at least 1 each',
  };
}

// Nobody else is there to be redundant: it works, or it does not.
function judgeOnlyNode(node: SurveyedNode): Check {
  const what = `node ${formatAddress(node.announced)}`;
  const { fault, role } = node;
  if (fault !== null) return { level: 'FAIL', what, figure: faultInWords(fault) };
  const refusal = whyNoWrites(node);
  if (refusal !== null) return { level: 'FAIL', what, figure: refusal };
  if (role?.kind === 'replica') {
    const link = linkOf(node);
    const figure = `role slave of ${formatAddress(role.primary)}, link ${link}`;
    return { level: link === 'up' ? 'ok' : 'WARN', what, figure };
  }
  return { level: 'ok', what, figure: 'role master' };
}
