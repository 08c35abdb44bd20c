import { formatAddress } from '../../redis/base/address/index.js';
import type { AppHealth } from '../app-health/index.js';
import {
  type Fields,
  saysQuorum,
  type Survey,
  type SurveyedNode,
  type SurveyedSentinel,
} from '../reach/index.js';
import {
  bytesBehind,
  type Check,
  judgeCluster,
  reasonOf,
  type Verdict,
  verdictOf,
} from '../verdict/index.js';

/** What is told of a data node. */
export interface NodeStatus {
  readonly address: string;
  /** Where it was asked, after mapping. */
  readonly askedAt: string;
  readonly fault: string | null;
  readonly role: 'primary' | 'replica' | 'unknown';
  readonly version: string | null;
  /** Of a replica, to its primary. */
  readonly link: string | null;
  readonly behindBytes: number | null;
  readonly usedBytes: number | null;
  /** `null` where there is no limit. */
  readonly maxBytes: number | null;
  readonly clients: number | null;
  readonly replyMs: number | null;
}

/** What is told of a Sentinel. */
export interface SentinelStatus {
  readonly address: string;
  readonly fault: string | null;
  readonly version: string | null;
  readonly primary: string | null;
  readonly epoch: number | null;
  readonly quorum: number | null;
  /** `null` where this user may not ask. */
  readonly canFailOver: boolean | null;
  readonly clients: number | null;
  readonly replyMs: number | null;
}

/** The JSON document of `status`. */
export interface StatusReport {
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly at: string;
  readonly masterName: string | null;
  readonly primary: string | null;
  readonly sentinels: readonly SentinelStatus[];
  readonly nodes: readonly NodeStatus[];
  readonly app: AppHealth | null;
  /** Why the application could not be asked; `null` where it was, or none was named. */
  readonly appFault: string | null;
  readonly checks: readonly Check[];
}

/** What was seen: a cluster, an application, or both. */
export interface Seen {
  readonly survey: Survey | null;
  readonly app: AppHealth | null;
  readonly appFault: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Puts together what was seen. */
export function reportOf(seen: Seen): StatusReport {
  const { survey, app, appFault, at } = seen;
  const checks = checksOf(seen);
  return {
    verdict: verdictOf(checks),
    reason: reasonOf(checks),
    at: new Date(at).toISOString(),
    ...(survey === null ? NO_CLUSTER : clusterOf(survey)),
    ...{ app, appFault, checks },
  };
}

type ClusterPart = Pick<StatusReport, 'masterName' | 'primary' | 'sentinels' | 'nodes'>;
const NO_CLUSTER: ClusterPart = { masterName: null, primary: null, sentinels: [], nodes: [] };

function clusterOf({ masterName, primary, sentinels, nodes }: Survey): ClusterPart {
  return {
    masterName,
    primary: primary === null ? null : formatAddress(primary.announced),
    sentinels: sentinels.map(sentinelStatus),
    nodes: nodes.map((node) => nodeStatus(node, primary)),
  };
}

function checksOf({ survey, app, appFault }: Seen): Check[] {
  const ofCluster = survey === null ? [] : judgeCluster(survey);
  if (app !== null) return [...ofCluster, judgeApp(app)];
  if (appFault === null) return ofCluster;
  return [...ofCluster, { level: 'FAIL', what: 'application', figure: appFault }];
}

function judgeApp({ url, status, mode, message }: AppHealth): Check {
  const level = status === 'healthy' ? 'ok' : status === 'degraded' ? 'WARN' : 'FAIL';
  const figure = message ?? `${status}, ${mode} mode`;
  return { level, what: `application ${url}`, figure };
}

function nodeStatus(node: SurveyedNode, primary: SurveyedNode | null): NodeStatus {
  const { announced, address, fault, role, info, clock } = node;
  const isReplica = role?.kind === 'replica';
  const max = numberIn(info, 'maxmemory');
  return {
    address: formatAddress(announced),
    askedAt: formatAddress(address),
    fault,
    role: role === null || role.kind === 'other' ? 'unknown' : role.kind,
    version: versionIn(info),
    link: isReplica ? (info.get('master_link_status') ?? null) : null,
    behindBytes: isReplica ? bytesBehind(node, primary) : null,
    usedBytes: numberIn(info, 'used_memory'),
    maxBytes: max === 0 ? null : max,
    clients: numberIn(info, 'connected_clients'),
    replyMs: clock?.roundTripMs ?? null,
  };
}

function sentinelStatus(sentinel: SurveyedSentinel): SentinelStatus {
  const { address, fault, view, viewFault, info, clock } = sentinel;
  return {
    address: formatAddress(address),
    fault: fault ?? viewFault,
    version: versionIn(info),
    primary: view === null ? null : formatAddress(view.primary),
    epoch: view?.epoch ?? null,
    quorum: view?.quorum ?? null,
    canFailOver: saysQuorum(sentinel),
    clients: numberIn(info, 'connected_clients'),
    replyMs: clock?.roundTripMs ?? null,
  };
}

function versionIn(info: Fields): string | null {
  return info.get('valkey_version') ?? info.get('redis_version') ?? null;
}

function numberIn(info: Fields, name: string): number | null {
  const value = Number(info.get(name) ?? NaN);
  return Number.isFinite(value) ? value : null;
}
