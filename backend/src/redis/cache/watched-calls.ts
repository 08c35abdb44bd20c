import { cacheChannel, CacheOperation, watchedMethods } from '../base/operations/index.js';

interface Named {
  readonly name: string;
}

/** Shows the calls of a method of a namespace to those who watch. */
export const watchedCall = watchedMethods<Named, CacheOperation>({
  channel: cacheChannel,
  operation: ({ name }, method, args) => new CacheOperation(method, name, keysIn(method, args[0])),
  outcomeOf: (result, { keys }) => {
    if (result === undefined) return 'miss';
    if (result instanceof Map) return foundOf(result.size, keys ?? 0);
    return outcomeIn(Array.isArray(result) ? (result as unknown[]) : [result]);
  },
});

function keysIn(method: string, given: unknown): number | null {
  if (method === 'deleteByTag') return null;
  return Array.isArray(given) ? given.length : 1;
}

function foundOf(found: number, wanted: number): string {
  if (found === 0) return 'miss';
  return found < wanted ? 'some' : 'hit';
}

const OUTCOME_OF_SOURCE: Readonly<Record<string, string>> = { redis: 'hit', memory: 'near' };

// Receipts of writes say it by themselves, entries by where they are from.
function outcomeIn(results: readonly unknown[]): string {
  const outcomes = new Set(
    results.map((result) => {
      const { outcome, source } = Object(result) as Readonly<Record<string, unknown>>;
      if (typeof outcome === 'string') return outcome;
      return typeof source === 'string' ? (OUTCOME_OF_SOURCE[source] ?? source) : 'ok';
    }),
  );
  const [only = 'ok'] = outcomes;
  return outcomes.size > 1 ? 'mixed' : only;
}
