import { stopsWhereSavesFail, type SurveyedNode } from '../reach/index.js';

/**
 * What a primary says of itself that keeps it from taking writes; `null` for nothing. Nothing is written to find out, so
 * what it does not tell, such as a pause, is not seen.
 */
export function whyNoWrites(node: SurveyedNode): string | null {
  if (node.info.get('loading') === '1') return 'loads its data, and answers nothing until it has';
  return tooFewReplicas(node) ?? memoryFull(node) ?? saveFailed(node);
}

function tooFewReplicas({ info, config }: SurveyedNode): string | null {
  const good = info.get('min_slaves_good_slaves');
  if (good === undefined) return null;
  // It is only told where at least one is asked for; who may not ask for settings knows no more than that.
  const least = config.get('min-replicas-to-write') ?? '1';
  if (Number(good) >= Number(least)) return null;
  const wanted = config.has('min-replicas-to-write') ? least : 'at least 1';
  return `refuses writes: ${good} replicas keep up, and min-replicas-to-write is ${wanted}`;
}

// What is on its way to replicas does not count, in Redis as here.
function memoryFull({ info }: SurveyedNode): string | null {
  const figure = (name: string): number => Number(info.get(name) ?? 0);
  const limit = figure('maxmemory');
  if (limit === 0 || info.get('maxmemory_policy') !== 'noeviction') return null;
  const used = figure('used_memory') - figure('mem_not_counted_for_evict');
  return used > limit
    ? `refuses writes: ${String(used)} bytes are used, maxmemory is ${String(limit)}, and nothing may be evicted`
    : null;
}

function saveFailed(node: SurveyedNode): string | null {
  return stopsWhereSavesFail(node)
    ? 'refuses writes and PING: the last write to disk has failed'
    : null;
}
