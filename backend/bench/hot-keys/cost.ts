import { race } from '../steady/race.js';
import { WITH_AND_WITHOUT_HOT_KEYS } from '../steady/contestants.js';

/** What counting costs: pairs of legs that followed each other, with and without it. */
export interface Cost {
  readonly operation: string;
  /** Calls a second with it, as a part of those without it: one for each round. */
  readonly speeds: readonly number[];
  /** Processor time of one call with it, as a part of that without it: one for each round. */
  readonly cpu: readonly number[];
}

/** Races the library with and without counting, in turns, in processes of their own. */
export async function measureCost(rounds: number, legMs: number): Promise<Cost[]> {
  const tracks = await race({ contestants: WITH_AND_WITHOUT_HOT_KEYS, rounds, legMs });
  return (['get', 'set'] as const).map((operation) => {
    const [counting, bare] = WITH_AND_WITHOUT_HOT_KEYS.map(
      (name) => tracks.find((one) => one.contestant === name && one.operation === operation)?.legs,
    );
    const pairs = (counting ?? []).map((leg, round) => ({ leg, other: bare?.[round] ?? leg }));
    return {
      operation: operation.toUpperCase(),
      speeds: pairs.map(({ leg, other }) => leg.perSecond / other.perSecond),
      cpu: pairs.map(({ leg, other }) => leg.cpu / leg.perSecond / (other.cpu / other.perSecond)),
    };
  });
}
