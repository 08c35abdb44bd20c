import { type HitRates, type KeyspaceHits, shownHits } from '../base/stats/index.js';
import type { CacheTeller, ConnectionTeller, SessionsTeller } from './metrics-sources.js';
import { byLabel, type Sample, single } from './sample.js';

const WINDOWS: readonly [keyof HitRates, string][] = [
  ['lastMinute', '1m'],
  ['last5Minutes', '5m'],
  ['last15Minutes', '15m'],
];

/** The reads of caches and sessions. */
export function hitMetrics(all: readonly KeyspaceHits[]): [string, readonly Sample[]][] {
  const told = shownHits(all);
  return [
    ['cache_requests_total', told.flatMap(requestsOf)],
    ['cache_hit_ratio', told.flatMap(ratesOf)],
  ];
}

/** The values of the cache. */
export function cacheMetrics(cache: CacheTeller): [string, readonly Sample[]][] {
  const total = cache.totalStats;
  return [
    ['cache_near_hits_total', single(total.nearHits)],
    ['cache_negative_hits_total', single(total.negativeHits)],
    ['cache_loads_total', single(total.loads)],
    ['cache_load_failures_total', single(total.loadFailures)],
    ['cache_joined_total', single(total.joined)],
    ['cache_sets_total', single(total.sets)],
    ['cache_deletes_total', single(total.deletes)],
    ['cache_errors_total', single(total.errors)],
    ['warm_up_keys_total', warmUpKeys(cache)],
    ['warm_ups_running', single(cache.warmUps.filter(({ state }) => state === 'running').length)],
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

/** The samples of copies of plain keys. */
export function nearKeyMetrics({
  hits,
  misses,
  entries,
  bytes,
  isDeaf,
}: ConnectionTeller['near']['stats']): [string, readonly Sample[]][] {
  return [
    ['near_key_reads_total', byLabel('result', { hit: hits, miss: misses })],
    ['near_keys', single(entries)],
    ['near_key_bytes', single(bytes)],
    ['near_hearing', single(isDeaf ? 0 : 1)],
  ];
}

function warmUpKeys({ warmUpTotals: { loaded, skipped, failed } }: CacheTeller): Sample[] {
  return byLabel('outcome', { loaded, skipped, failed });
}

function requestsOf({ name, hits, staleHits, misses }: KeyspaceHits): Sample[] {
  return byLabel('result', { hit: hits, stale: staleHits, miss: misses }).map(
    ({ labels, value }) => ({ labels: { namespace: name, ...labels }, value }),
  );
}

// Where nothing was read there is no rate, and 0 would raise an alert.
function ratesOf({ name, rates }: KeyspaceHits): Sample[] {
  return WINDOWS.flatMap(([of, window]) => {
    const { hitRate } = rates[of];
    return hitRate === null ? [] : [{ labels: { namespace: name, window }, value: hitRate }];
  });
}
