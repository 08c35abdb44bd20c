import { formatAddress, sameAddress } from '../../../redis/base/address/index.js';
import type { SurveyedNode } from '../../reach/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import {
  groupOf,
  inWords,
  isAbout,
  nameOf,
  nodesIn,
  numberIn,
  seeing,
  seenAt,
  type Picture,
} from '../picture.js';
import { isAway, linesOfReplicas } from './judge-reaching.js';

const UNLINKED_FOR_S = 60;
const BEHIND_S = 10;

/** Who is the primary, and whom the replicas follow. */
export function judgeRoles(picture: Picture): Finding[] {
  return [...judgePrimaries(picture), ...judgeSources(picture), ...judgeLinks(picture)];
}

function judgePrimaries(picture: Picture): Finding[] {
  const { survey } = picture;
  const primaries = nodesIn(survey, 'primary');
  const busy = seeing(survey).filter(({ view }) => view.isFailoverInProgress);
  const isFound = survey.primary?.role?.kind === 'primary';
  return [
    ...found(
      'two-primaries',
      primaries.length < 2 ? [] : seenAt(primaries, (node) => primacyOf(node, survey.primary)),
      `For ten seconds after an old primary returned this is usual. Then: REPLICAOF <host> <port> of the right one, on the other. Keep its data before: docs/operations/troubleshooting.md#split-brain`,
      { mayPass: true },
    ),
    ...found(
      'failover-under-way',
      seenAt(busy, () => 'it leads a failover'),
      'Wait, and look again',
    ),
    ...found(
      'no-primary',
      isFound || isToldOf(picture)
        ? []
        : [{ at: groupOf(survey), seen: absenceOf(survey.primary) }],
      'docs/operations/troubleshooting.md#no-primary',
      { mayPass: true },
    ),
  ];
}

/** A node that refuses us, or is none, is told of as such; and without a Sentinel nobody knows the nodes. */
function isToldOf(picture: Picture): boolean {
  const { primary, nodes, masterName } = picture.survey;
  if (primary === null) return nodes.length === 0;
  if (primary.role?.kind === 'other') return true;
  return primary.fault !== null && (masterName === null || !isAway(primary, picture));
}

function primacyOf(node: SurveyedNode, named: SurveyedNode | null): string {
  const { info } = node;
  const up = inWords((numberIn(info, 'uptime_in_seconds') ?? 0) * 1_000);
  const who = node === named ? 'the Sentinels name it' : 'no Sentinel names it';
  return `it is a primary, has run for ${up}, with ${info.get('connected_slaves') ?? '0'} replicas; ${who}`;
}

function absenceOf(named: SurveyedNode | null): string {
  if (named === null) return 'nobody names one';
  const said = named.role?.kind === 'replica' ? 'says that it is a replica' : 'does not answer';
  return `${nameOf(named)} ${said}`;
}

/** Replicas of replicas, and of others. */
function judgeSources({ survey }: Picture): Finding[] {
  const { primary, nodes } = survey;
  if (primary === null) return [];
  const replicas = nodesIn(survey, 'replica').filter((node) => node !== primary);
  const sourceOf = ({ role }: SurveyedNode): SurveyedNode | undefined =>
    role?.kind === 'replica'
      ? nodes.find(({ announced }) => sameAddress(announced, role.primary))
      : undefined;
  const follows = ({ role }: SurveyedNode): string =>
    role?.kind === 'replica' ? `it follows ${formatAddress(role.primary)}` : '';
  return [
    ...found(
      'replica-of-replica',
      seenAt(replicas, (node) =>
        sourceOf(node)?.role?.kind === 'replica' ? `${follows(node)}, which is a replica` : null,
      ),
      `REPLICAOF ${primary.announced.host} ${String(primary.announced.port)} on it: else a failover takes it twice as long`,
      { mayPass: true },
    ),
    ...found(
      'replica-elsewhere',
      seenAt(replicas, (node) =>
        sourceOf(node) === undefined && hasOtherData(node, primary)
          ? `${follows(node)}, whose data is not that of ${nameOf(primary)}`
          : null,
      ),
      `REPLICAOF ${primary.announced.host} ${String(primary.announced.port)} on it, which throws away what it has; or, if it was never yours, SENTINEL RESET ${groupOf(survey)} on one Sentinel after the other`,
      { mayPass: true },
    ),
  ];
}

// One history of writes has one id; the second is that of the time before a failover.
function hasOtherData({ info, role }: SurveyedNode, primary: SurveyedNode): boolean {
  const id = info.get('master_replid');
  const known = [primary.info.get('master_replid'), primary.info.get('master_replid2')];
  const isLinked = role?.kind === 'replica' && role.isLinked;
  return isLinked && id !== undefined && known[0] !== undefined && !known.includes(id);
}

function judgeLinks({ survey }: Picture): Finding[] {
  const replicas = nodesIn(survey, 'replica').filter((node) => node !== survey.primary);
  const unlinked = replicas.filter(({ info }) => info.get('master_link_status') === 'down');
  const isOld = unlinked.some(
    ({ info }) =>
      (numberIn(info, 'master_link_down_since_seconds') ?? 0) > UNLINKED_FOR_S &&
      info.get('master_sync_in_progress') !== '1',
  );
  return [
    ...found(
      'replica-unlinked',
      seenAt(unlinked, linkOf),
      'The log of the replica says why. masterauth there must be the password of the primary; until it is linked it cannot take over',
      { severity: isOld ? 'danger' : 'degraded' },
    ),
    ...found(
      'replica-behind',
      lagging(survey.primary, replicas),
      'docs/operations/troubleshooting.md#lag',
      {
        mayPass: true,
      },
    ),
  ];
}

function linkOf({ info, role }: SurveyedNode): string {
  const source = role?.kind === 'replica' ? formatAddress(role.primary) : 'its primary';
  if (info.get('master_sync_in_progress') === '1') {
    return `it copies everything from ${source}, ${info.get('master_sync_left_bytes') ?? '?'} bytes are left`;
  }
  const downS = numberIn(info, 'master_link_down_since_seconds') ?? -1;
  return `no link to ${source} ${downS < 0 ? 'since its start' : `for ${inWords(downS * 1_000)}`}`;
}

function lagging(primary: SurveyedNode | null, replicas: readonly SurveyedNode[]): Evidence[] {
  const lines = linesOfReplicas(primary);
  return seenAt(replicas, ({ announced }) => {
    const lag = Number(lines.find((fields) => isAbout(fields, announced))?.get('lag') ?? 0);
    return lag < BEHIND_S ? null : `the primary heard of it ${String(lag)} s ago`;
  });
}
