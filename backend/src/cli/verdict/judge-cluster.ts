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
import type { Check } from './check.js';

/** What the Sentinels that answer say of the group. */
export function viewsIn({ sentinels }: Survey): SentinelView[] {
  return sentinels.flatMap(({ view }) => (view === null ? [] : [view]));
}

/** The replicas that could take over now. */
export function successorsIn(survey: Survey): SurveyedNode[] {
  return survey.nodes.filter((node) => isGoodReplica(node, survey) && priorityOf(node) !== 0);
}

/** A replica that is linked to the primary. */
export function isGoodReplica(node: SurveyedNode, { primary }: Survey): boolean {
  const { fault, role, info } = node;
  return (
    primary !== null &&
    fault === null &&
    role?.kind === 'replica' &&
    sameAddress(role.primary, primary.announced) &&
    info.get('master_link_status') === 'up'
  );
}

/** Judges what was seen of a cluster, or of the only node. Changes nothing, and writes nothing. */
export function judgeCluster(survey: Survey): Check[] {
  const { nodes, primary, masterName } = survey;
  if (masterName === null) return nodes.map(judgeOnlyNode);
  const sentinels = survey.sentinels.map(judgeSentinel);
  if (primary === null) return [...sentinels, judgeLostDiscovery(survey)];
  const replicas = nodes.filter((node) => node !== primary);
  return [
    ...sentinels,
    judgeDiscovery(survey),
    judgeRolesSeen(survey),
    judgePrimary(primary),
    ...replicas.map((node) => judgeReplica(node, survey)),
    judgeRedundancy(survey, replicas),
  ];
}

/** How far a replica is behind, in bytes; `null` where nobody knows. */
export function bytesBehind(node: SurveyedNode, primary: SurveyedNode | null): number | null {
  const [here, there] = [
    node.info.get('slave_repl_offset'),
    primary?.info.get('master_repl_offset'),
  ];
  if (here === undefined || there === undefined) return null;
  return Math.max(0, Number(there) - Number(here));
}

function judgeSentinel(sentinel: SurveyedSentinel): Check {
  const { address, ...seen } = sentinel;
  const what = `sentinel ${formatAddress(address)}`;
  const { fault, view, viewFault, quorum, isConfigured } = seen;
  const named = isConfigured ? '' : '; another Sentinel names it';
  if (fault !== null) return { level: 'WARN', what, figure: `${fault}${named}` };
  if (view === null) {
    const figure = viewFault ?? 'it says nothing of the group';
    return { level: 'WARN', what, figure };
  }
  const known = view.otherSentinels.length + 1;
  const figure =
    `primary is ${formatAddress(view.primary)}, epoch ${String(view.epoch)}; ` +
    `${String(known)} Sentinels known`;
  const canDecide = saysQuorum(sentinel);
  if (canDecide === null) {
    const why = 'this user may not ask whether they can fail over (+sentinel|ckquorum)';
    return { level: 'ok', what, figure: `${figure}; ${why}` };
  }
  if (!canDecide) {
    const reason = quorum?.ok === false ? quorum.reason : 'nobody knows';
    return { level: 'WARN', what, figure: `no quorum, so no automatic failover: ${reason}` };
  }
  return {
    level: 'ok',
    what,
    figure: `${figure}; can fail over (quorum ${String(view.quorum)})`,
  };
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
  if (fault !== null) return { level: 'FAIL', what, figure: fault };
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

/** What a primary says of itself that keeps it from taking writes; `null` for nothing. */
function whyNoWrites({ info, config }: SurveyedNode): string | null {
  if (info.get('loading') === '1') return 'loads its data, and answers nothing until it has';
  const [least, good] = [config.get('min-replicas-to-write'), info.get('min_slaves_good_slaves')];
  if (least === undefined || good === undefined || Number(good) >= Number(least)) return null;
  return `refuses writes: ${good} replicas keep up, and min-replicas-to-write is ${least}`;
}

function judgeReplica(node: SurveyedNode, survey: Survey): Check {
  const what = `replica ${formatAddress(node.announced)}`;
  const { fault, role, info } = node;
  if (fault !== null) return { level: 'WARN', what, figure: fault };
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
    const link = info.get('master_link_status') ?? 'unknown';
    const figure = `its link to the primary is ${link} ${sinceWhen(info)}`;
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
  const { sentinels } = survey;
  const good = successorsIn(survey).length;
  const said = sentinels.map((one) => saysQuorum(one));
  const able = said.filter((can) => can === true).length;
  const decided = said.includes(null)
    ? 'whether Sentinels can decide it this user may not ask'
    : `${String(able)} of ${String(sentinels.length)} Sentinels can decide it`;
  return {
    level: good > 0 && (able > 0 || said.includes(null)) ? 'ok' : 'WARN',
    what: 'redundancy',
    figure: `${String(good)} of ${String(replicas.length)} replicas can take over, ${decided}`,
    threshold: 'at least 1 each',
  };
}

// Nobody else is there to be redundant: it works, or it does not.
function judgeOnlyNode(node: SurveyedNode): Check {
  const what = `node ${formatAddress(node.announced)}`;
  const { fault, role, info } = node;
  if (fault !== null) return { level: 'FAIL', what, figure: fault };
  const refusal = whyNoWrites(node);
  if (refusal !== null) return { level: 'FAIL', what, figure: refusal };
  if (role?.kind === 'replica') {
    const link = info.get('master_link_status') ?? 'unknown';
    const figure = `role slave of ${formatAddress(role.primary)}, link ${link}`;
    return { level: link === 'up' ? 'ok' : 'WARN', what, figure };
  }
  return { level: 'ok', what, figure: 'role master' };
}
