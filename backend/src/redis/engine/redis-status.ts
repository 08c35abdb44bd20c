import type { RedisMode } from '../config/index.js';
import type { NodeAddress } from '../base/address/index.js';
import type { FallbackStatus } from '../keyspace/index.js';
import type { PrimaryGroup } from './primary-group.js';
import type { CertificateStatus } from './certificate-watch.js';
import { missingOf } from './redundancy.js';
import type { RedisEngine } from './redis-engine.js';
import type { FailoverSummary, SentinelStatus } from '../cluster/topology/index.js';

/** One data node, as this process sees it. */
export interface NodeStatus {
  readonly address: NodeAddress;
  readonly connection: 'connecting' | 'ready' | 'lost' | 'closed';
  readonly role: 'primary' | 'replica' | 'other' | 'unknown';
  /** Whether its link to its primary is up; always true for a primary. */
  readonly isLinked: boolean;
  readonly isStalled: boolean;
  readonly rttMs: number | null;
  /** How far behind the primary it was when it last reported its offset; `null` if that is not known. */
  readonly lagMs: number | null;
  /** Commands sent and not answered yet. */
  readonly inflight: number;
}

/** How many connections there may be, and how many are free now. */
export interface PoolStatus {
  readonly size: number;
  readonly available: number;
}

/** The status of one connection, read from memory. */
export interface RedisStatus {
  readonly name: string;
  readonly mode: RedisMode;
  /** `up`: reads and writes; `degraded`: one of them, or memory by choice; `down`: neither. */
  readonly status: 'up' | 'degraded' | 'down';
  readonly message: string;
  readonly canRead: boolean;
  readonly canWrite: boolean;
  readonly masterName: string | null;
  readonly primary: NodeStatus | null;
  readonly replicas: readonly NodeStatus[];
  readonly sentinels: readonly SentinelStatus[];
  /** How many Sentinels must agree, as one of them reports; `null` if none answers or there are none. */
  readonly quorum: number | null;
  /** Replicas and Sentinels that have been missing for a while, for people; empty while there are all. */
  readonly missing: readonly string[];
  readonly epoch: number;
  readonly failovers: FailoverSummary;
  /** By how much this host's calendar is ahead of the primary's; `null` while that is not known. */
  readonly clockAheadMs: number | null;
  /** The certificates of all nodes and Sentinels, as a new connection sees them; empty without TLS. */
  readonly certificates: readonly CertificateStatus[];
  readonly pools: { readonly write: PoolStatus; readonly read: PoolStatus };
  /** Commands that wait for a node. */
  readonly waiting: { readonly reads: number; readonly writes: number };
  /** Commands that are not over, waiting ones included. */
  readonly pending: number;
  /** The status of the keyspaces: the mode, the breakers, memory and the journal. */
  readonly fallback: FallbackStatus;
}

const NO_FAILOVERS: FailoverSummary = { count: 0, countInLast24h: 0, last: null };
const NO_POOL: PoolStatus = { size: 0, available: 0 };

/** Returns the present status. */
export function readStatus(engine: RedisEngine): RedisStatus {
  const connected = engine.connectedOrNull;
  return connected === null ? memoryStatus(engine) : connectedStatus(engine, connected);
}

/** Returns whether reads are answered now, without the rest of the status. */
export function canRead({ connectedOrNull: connected }: RedisEngine): boolean {
  return connected !== null && mayRead(connected.tracker);
}

/** Returns whether writes are taken now, without the rest of the status. */
export function canWrite({ connectedOrNull: connected }: RedisEngine): boolean {
  return connected !== null && mayWrite(connected.tracker);
}

function connectedStatus(
  { options, keyspaces }: RedisEngine,
  connected: PrimaryGroup,
): RedisStatus {
  const { tracker, router, sentinels } = connected;
  const primary = tracker.primaryConnection;
  const replicas = tracker.replicas.map((node) => nodeStatus(node, connected));
  const { refusal } = tracker;
  const may = { canRead: mayRead(tracker), canWrite: mayWrite(tracker) };
  return {
    name: options.name,
    mode: options.mode,
    ...verdict({ ...may, refusal: tracker.isWritable ? refusal : null }, options.mode),
    ...may,
    masterName: options.mode === 'sentinel' ? options.sentinel.masterName : null,
    primary: primary === null ? null : nodeStatus(primary, connected),
    replicas,
    ...sentinelStatus(sentinels),
    missing: missingOf(connected),
    epoch: tracker.epoch,
    failovers: tracker.history.summary,
    clockAheadMs: connected.calendar.localAheadMs,
    certificates: connected.certificateWatch.certificates,
    pools: {
      write: poolStatus(options.pools.writeSize, primary === null ? [] : [primary]),
      read: poolStatus(1, tracker.replicas),
    },
    waiting: router.waiting,
    pending: router.pending,
    fallback: keyspaces.status,
  };
}

type Tracker = PrimaryGroup['tracker'];

function mayRead({ isWritable, refusal, replicas }: Tracker): boolean {
  if (isWritable && !refusesReads(refusal)) return true;
  return replicas.some(
    ({ state, role, isStalled }) =>
      state.kind === 'ready' && role?.kind === 'replica' && !isStalled,
  );
}

function mayWrite({ isWritable, refusal }: Tracker): boolean {
  return isWritable && refusal === null;
}

function sentinelStatus(
  desk: PrimaryGroup['sentinels'],
): Pick<RedisStatus, 'sentinels' | 'quorum'> {
  if (desk === null) return { sentinels: [], quorum: null };
  return { sentinels: desk.statuses(), quorum: desk.views()[0]?.quorum ?? null };
}

type Refusal = Tracker['refusal'];

/** Returns whether a primary that refuses writes for this reason refuses reads as well. */
function refusesReads(refusal: Refusal): boolean {
  return refusal?.reason === 'LOADING' || refusal?.reason === 'BUSY';
}

function verdict(
  { canRead, canWrite, refusal }: { canRead: boolean; canWrite: boolean; refusal: Refusal },
  mode: string,
): Pick<RedisStatus, 'status' | 'message'> {
  const where = mode === 'sentinel' ? 'Sentinel mode' : 'standalone mode';
  if (canWrite) return { status: 'up', message: `Redis is healthy (${where})` };
  const refuses = refusal === null ? null : `the primary refuses writes (${refusal.reason})`;
  if (canRead) {
    const why = refuses ?? 'there is no primary that takes writes';
    return { status: 'degraded', message: `Redis answers reads only: ${why} (${where})` };
  }
  const what = refuses === null ? 'cannot be reached' : `answers no reads, and ${refuses}`;
  return { status: 'down', message: `Redis ${what} (${where})` };
}

function memoryStatus({ options, keyspaces }: RedisEngine): RedisStatus {
  return {
    name: options.name,
    mode: 'memory',
    status: 'degraded',
    message: 'Redis is switched off (memory mode)',
    canRead: false,
    canWrite: false,
    masterName: null,
    primary: null,
    replicas: [],
    sentinels: [],
    quorum: null,
    missing: [],
    epoch: -1,
    failovers: NO_FAILOVERS,
    clockAheadMs: null,
    certificates: [],
    pools: { write: NO_POOL, read: NO_POOL },
    waiting: { reads: 0, writes: 0 },
    pending: 0,
    fallback: keyspaces.status,
  };
}

type Node = PrimaryGroup['tracker']['replicas'][number];

function nodeStatus(node: Node, { tracker }: PrimaryGroup): NodeStatus {
  const { role } = node;
  const isReplica = role?.kind === 'replica';
  return {
    address: node.address,
    connection: node.state.kind,
    role: role?.kind ?? 'unknown',
    isLinked: isReplica ? role.isLinked : role?.kind === 'primary',
    isStalled: node.isStalled,
    rttMs: role === null ? null : node.rttMs,
    lagMs: isReplica ? tracker.lag.lagMs(node.roleAt, role.offset) : null,
    inflight: node.inflight,
  };
}

function poolStatus(sizeEach: number, nodes: readonly Node[]): PoolStatus {
  const size = sizeEach * nodes.length;
  const usable = nodes.filter(({ state }) => state.kind === 'ready');
  const busy = usable.reduce((sum, node) => sum + node.busyConnections, 0);
  return { size, available: Math.max(0, sizeEach * usable.length - busy) };
}
