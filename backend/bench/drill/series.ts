import { groupBy, countBy } from '../common/groups.js';
import { OK, type Call } from '../common/ledger.js';
import { summaryOf, worst } from '../../src/cli/measure/statistics.js';
import type { RequestKind } from './mix.js';
import type { Figures, SecondFigures, Stretch, StretchFigures } from './results.js';

/** A request of a run. */
export type Request = Call<RequestKind>;

/** A quick refusal is no quick answer: percentiles are of good answers and of those that never came. */
function countsForLatency({ outcome }: Request): boolean {
  return outcome === OK || outcome === 'timeout';
}

function latency({ settledAt, dueAt }: Request): number {
  return settledAt - dueAt;
}

function isFailed({ outcome }: Request): boolean {
  return outcome !== OK;
}

/** One row for each second of the run: a request counts in the second it was due, an answer in the second it came. */
export function perSecond(
  requests: readonly Request[],
  startedAt: number,
  seconds: number,
): SecondFigures[] {
  const secondOf = (at: number): number => Math.floor((at - startedAt) / 1000);
  const due = groupBy(requests, ({ dueAt }) => secondOf(dueAt));
  const good = requests.filter(({ outcome }) => outcome === OK);
  const answered = groupBy(good, ({ settledAt }) => secondOf(settledAt));
  return Array.from({ length: seconds }, (_, second) => {
    const offered = due.get(second) ?? [];
    const failed = offered.filter(isFailed);
    return {
      offered: offered.length,
      answered: answered.get(second)?.length ?? 0,
      failed: failed.length,
      errors: countBy(failed.map(({ kind, outcome }) => `${kind} ${outcome}`)),
      ...summaryOf(offered.filter(countsForLatency).map(latency)),
    };
  });
}

/** The figures of one stretch of the run, in all and for each kind of request. */
export function ofStretch(
  requests: readonly Request[],
  startedAt: number,
  stretch: Stretch,
): StretchFigures {
  const { fromMs, toMs } = stretch;
  const inside = requests.filter(
    ({ dueAt }) => dueAt >= startedAt + fromMs && dueAt < startedAt + toMs,
  );
  const kinds = [...groupBy(inside, ({ kind }) => kind)];
  return {
    ...stretch,
    seconds: (toMs - fromMs) / 1000,
    ...figuresOf(inside),
    kinds: Object.fromEntries(kinds.map(([kind, ofKind]) => [kind, figuresOf(ofKind)])),
  };
}

function figuresOf(requests: readonly Request[]): Figures {
  const failed = requests.filter(isFailed);
  return {
    requests: requests.length,
    failed: failed.length,
    errors: countBy(failed.map(({ outcome }) => outcome)),
    ...summaryOf(requests.filter(countsForLatency).map(latency)),
  };
}

/** The largest share of the offered load that stayed without a good answer in one second of a stretch; `NaN` without a load. */
export function worstDrop(
  rows: readonly Pick<SecondFigures, 'offered' | 'answered'>[],
  { fromMs, toMs }: Pick<Stretch, 'fromMs' | 'toMs'>,
): number {
  const inside = rows.slice(Math.ceil(fromMs / 1000), Math.floor(toMs / 1000));
  return worst(
    inside
      .filter(({ offered }) => offered > 0)
      .map(({ offered, answered }) => Math.max(0, 1 - answered / offered)),
  );
}
