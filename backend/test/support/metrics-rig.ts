import { CacheCounters } from '../../src/redis/cache/values/cache-stats.js';
import type { FallbackStatus } from '../../src/redis/keyspace/index.js';
import type { FailoverRecord, RedisStatus } from '../../src/redis/index.js';
import type { NodeStatus } from '../../src/redis/engine/redis-status.js';
import { EventBus } from '../../src/redis/base/events/index.js';
import {
  CommandRecorder,
  HitCounter,
  type KeyspaceHits,
} from '../../src/redis/base/stats/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { ConnectionSource } from '../../src/redis/metrics/connection-source.js';
import type {
  CacheTeller,
  ConnectionTeller,
  SessionsTeller,
} from '../../src/redis/metrics/metrics-sources.js';
import type { Labels } from '../../src/redis/metrics/sample.js';

const NO_COPIES = { entries: 0, bytes: 0, evictions: 0, maxEntries: 10, maxBytes: 1_000 };
const NO_LANE = { answered: 0, failed: 0, away: 0 };

/** A status without any event yet. */
export const QUIET: FallbackStatus = {
  mode: 'healthy',
  since: 0,
  history: [],
  breakers: { reads: 'closed', writes: 'closed' },
  guards: { reads: NO_LANE, writes: NO_LANE },
  memory: {
    entries: 0,
    bytes: 0,
    maxEntries: 10,
    maxBytes: 1_000,
    evictions: 0,
    classes: { sessions: NO_COPIES, values: NO_COPIES, ends: NO_COPIES },
  },
  journal: {
    entries: 0,
    bytes: 0,
    maxEntries: 10,
    maxBytes: 1_000,
    appended: 0,
    applied: 0,
    superseded: 0,
    dropped: 0,
    expired: 0,
    rejected: 0,
    acknowledged: 0,
    refused: 0,
    isFull: false,
    oldestMs: null,
    file: { state: 'sound', reason: null, since: null, bytes: 0, queuedBytes: 0, failures: 0 },
  },
  notices: { refused: 0, isRefused: false },
  listening: { refused: 0, isRefused: false },
};

/** The same while writes wait for Redis. */
export const WAITING: FallbackStatus = {
  ...QUIET,
  journal: { ...QUIET.journal, entries: 3, bytes: 300, oldestMs: 2_500 },
};

/** The node with this number. */
export function node(
  n: number,
  role: NodeStatus['role'],
  change: Partial<NodeStatus> = {},
): NodeStatus {
  return {
    address: { host: `10.0.0.${String(n)}`, port: 6379 },
    connection: 'ready',
    role,
    isLinked: true,
    isStalled: false,
    rttMs: 0.3,
    lagMs: role === 'replica' ? 20 * n : null,
    inflight: 0,
    ...change,
  };
}

/** A healthy cluster of three nodes and three Sentinels. */
export const CLUSTER: RedisStatus = {
  name: 'default',
  mode: 'sentinel',
  status: 'up',
  message: 'Redis is healthy (Sentinel mode)',
  canRead: true,
  canWrite: true,
  masterName: 'mymaster',
  primary: node(1, 'primary'),
  replicas: [node(2, 'replica'), node(3, 'replica')],
  sentinels: [1, 2, 3].map((n) => ({
    address: { host: `10.0.1.${String(n)}`, port: 26379 },
    isAnswering: n !== 3,
    silentMs: n === 3 ? 500 : 0,
    isSubscribed: n === 1,
    problem: null,
  })),
  quorum: 2,
  missing: [],
  epoch: 7,
  failovers: { count: 0, countInLast24h: 0, last: null },
  clockAheadMs: 2,
  certificates: [{ address: { host: '10.0.0.1', port: 6379 }, until: 1_800_000_000_000 }],
  pools: { write: { size: 10, available: 7 }, read: { size: 2, available: 2 } },
  waiting: { reads: 1, writes: 4 },
  pending: 9,
  fallback: QUIET,
};

/** A failover that began 900 ms before it was seen. */
export function failover(change: Partial<FailoverRecord> = {}): FailoverRecord {
  return {
    from: { host: '10.0.0.1', port: 6379 },
    to: { host: '10.0.0.2', port: 6379 },
    reason: 'failure',
    epoch: 8,
    suspectedAt: 100_000,
    sdownAt: 100_300,
    odownAt: 100_400,
    electedAt: null,
    promotedAt: 100_800,
    switchedAt: 100_900,
    firstWriteAt: null,
    ...change,
  };
}

/** A connection whose status and events a test sets. */
export interface ToldConnection extends ConnectionTeller {
  status: RedisStatus;
  failovers: readonly FailoverRecord[];
  hitRates: readonly KeyspaceHits[];
  readonly bus: EventBus;
  readonly recorder: CommandRecorder;
}

/** A connection with this status. */
export function connection(status: Partial<RedisStatus> = {}): ToldConnection {
  const bus = new EventBus();
  const recorder = new CommandRecorder(new ManualClock());
  return {
    name: status.name ?? 'default',
    status: { ...CLUSTER, ...status },
    failovers: [],
    hitRates: hitsOf(['default']),
    bus,
    recorder,
    get stats() {
      return recorder.stats;
    },
    hotKeys: () => ({ hot: { reads: 2, writes: 1 }, sparedReads: 40 }),
    near: { stats: { hits: 30, misses: 3, entries: 2, bytes: 700, isDeaf: false } },
    on: (type, listener) => bus.on(type, listener),
  };
}

/** The reads of these namespaces: each with one hit, two stale hits and three misses. */
export function hitsOf(names: readonly string[]): KeyspaceHits[] {
  return names.map((name) => {
    const { totals, rates } = sixReads();
    return { name, ...totals, rates };
  });
}

/** A cache with so many namespaces with three loads each, of which one failed. */
export function cacheOf(namespaces: number): CacheTeller {
  const counted = Array.from({ length: namespaces }, () => {
    const counters = new CacheCounters(sixReads());
    counters.add('loads', 3);
    counters.add('loadFailures', 1);
    return counters;
  });
  return {
    totalStats: CacheCounters.total(counted),
    warmUps: [{ state: 'running' }, { state: 'finished' }],
    warmUpTotals: { done: 6, loaded: 3, skipped: 2, failed: 1 },
  };
}

function sixReads(): HitCounter {
  const counter = new HitCounter(new ManualClock());
  counter.hit();
  for (let i = 0; i < 2; i++) counter.staleHit();
  for (let i = 0; i < 3; i++) counter.miss();
  return counter;
}

/** Sessions in which each counter has another value. */
export const SESSIONS: SessionsTeller = {
  stats: { created: 1, validated: 2, invalid: 3, unavailable: 4, ended: 5 },
};

/** A source with all of that. */
export function sourceOf(
  given: ConnectionTeller,
  rest: {
    readonly names?: readonly string[];
    readonly labels?: Labels;
    readonly clock?: ManualClock;
    readonly sessions?: SessionsTeller | null;
  } = {},
): ConnectionSource {
  const { names, labels = {}, sessions = SESSIONS } = rest;
  const clock = rest.clock ?? new ManualClock(100_000);
  const redis = names === undefined ? given : Object.assign(given, { hitRates: hitsOf(names) });
  const cache = cacheOf(redis.hitRates.length);
  return new ConnectionSource({ redis, cache, sessions, labels, clock });
}
