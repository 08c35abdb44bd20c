import type { CacheStats } from '../cache/index.js';
import type { CacheTeller, ConnectionTeller, SessionsTeller } from './metrics-sources.js';
import { byLabel, single, type Sample } from './sample.js';

const MAX_NAMESPACES = 20;
// No namespace can have this name.
const THE_REST = '(other)';

/** The values of the cache. */
export function cacheMetrics(cache: CacheTeller): [string, readonly Sample[]][] {
  const total = cache.totalStats;
  return [
    ['cache_requests_total', requestMetrics(cache)],
    ['cache_near_hits_total', single(total.nearHits)],
    ['cache_negative_hits_total', single(total.negativeHits)],
    ['cache_loads_total', single(total.loads)],
    ['cache_load_failures_total', single(total.loadFailures)],
    ['cache_joined_total', single(total.joined)],
    ['cache_sets_total', single(total.sets)],
    ['cache_deletes_total', single(total.deletes)],
    ['cache_errors_total', single(total.errors)],
  ];
}

/** The values of sessions. */
export function sessionMetrics({ stats }: SessionsTeller): [string, readonly Sample[]][] {
  return [['sessions_total', byLabel('event', { ...stats })]];
}

/** The samples of keys that are accessed very often. Never which they are. */
export function hotKeyMetrics({
  hot,
  sparedReads,
}: ReturnType<ConnectionTeller['hotKeys']>): [string, readonly Sample[]][] {
  return [
    ['hot_keys', byLabel('direction', { ...hot })],
    ['hot_key_spared_reads_total', single(sparedReads)],
  ];
}

type Requests = Pick<CacheStats, 'hits' | 'staleHits' | 'misses'>;

function requestMetrics({ namespaces }: CacheTeller): Sample[] {
  const named = namespaces.slice(0, MAX_NAMESPACES);
  const rest = namespaces.slice(MAX_NAMESPACES).map(({ stats }) => stats);
  const samples = named.flatMap(({ name, stats }) => resultsOf(name, stats));
  return rest.length === 0 ? samples : [...samples, ...resultsOf(THE_REST, sumOf(rest))];
}

function resultsOf(namespace: string, { hits, staleHits, misses }: Requests): Sample[] {
  return byLabel('result', { hit: hits, stale: staleHits, miss: misses }).map(
    ({ labels, value }) => ({ labels: { namespace, ...labels }, value }),
  );
}

function sumOf(all: readonly Requests[]): Requests {
  return all.reduce((sum, one) => ({
    hits: sum.hits + one.hits,
    staleHits: sum.staleHits + one.staleHits,
    misses: sum.misses + one.misses,
  }));
}
