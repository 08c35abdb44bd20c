import type { RedisHaEventOf } from '../../base/events/index.js';
import { NOTHING_DONE, type WarmUpCause, type WarmUpMark } from './warm-up-mark.js';
import type { ResolvedPlan } from './warm-up-plan.js';
import type { WarmUpProgress } from './warm-up-progress.js';

/** What somebody wants. */
export interface Wish {
  readonly cause: WarmUpCause;
  /** Calendar milliseconds: a warm-up that has ended since fulfils it. */
  readonly since: number;
}

/** Which warm-up it is. */
interface Subject {
  readonly plan: Pick<ResolvedPlan, 'name'>;
  readonly namespace: string;
}

/**
 * Whether the last warm-up is what somebody wants. What was warm before Redis lost it is cold: then only what has
 * begun since counts. A process that starts is content with one that has ended a moment ago, after `restedSince`.
 */
export function isFulfilled(
  { cause, since }: Wish,
  { state, startedAt, endedAt }: WarmUpMark,
  restedSince: number,
): boolean {
  if (endedAt === null) return false;
  if ((cause === 'loss' ? startedAt : endedAt) >= since) return true;
  return cause === 'boot' && state === 'finished' && endedAt > restedSince;
}

/** The mark of a warm-up that begins now. What was interrupted goes on where it was. */
export function beginningOf({ cause }: Wish, left: WarmUpMark | null, now: number): WarmUpMark {
  const isOpen = left !== null && left.state !== 'finished';
  const from = isOpen ? left : { ...NOTHING_DONE, after: null, startedAt: now };
  const { done, loaded, skipped, failed, after, startedAt } = from;
  const counts = { done, loaded, skipped, failed };
  return { ...counts, state: 'running', cause, after, startedAt, endedAt: null };
}

/** Whether nobody else can believe that he leads: the one before has left its end, and Redis has lost nothing. */
export function isAlone({ cause }: WarmUpMark, left: WarmUpMark | null): boolean {
  return left !== null && left.endedAt !== null && (cause === 'boot' || cause === 'demand');
}

/** What a mark shows. */
export function shownOf(mark: WarmUpMark): Partial<WarmUpProgress> {
  const { done, loaded, skipped, failed, cause, startedAt, endedAt } = mark;
  return { done, loaded, skipped, failed, cause, startedAt, endedAt };
}

/** The event of a beginning. */
export function startedEvent(
  { plan, namespace }: Subject,
  { cause, done }: WarmUpMark,
): RedisHaEventOf<'warm-up.started'> {
  return { type: 'warm-up.started', plan: plan.name, keyspace: namespace, cause, done };
}

/** The event of an end. */
export function finishedEvent(
  { plan, namespace }: Subject,
  mark: WarmUpMark,
  reason: string | null,
): RedisHaEventOf<'warm-up.finished'> {
  const { state, cause, done, loaded, skipped, failed, startedAt, endedAt } = mark;
  return {
    type: 'warm-up.finished',
    ...{ plan: plan.name, keyspace: namespace, cause, reason },
    ...{ done, loaded, skipped, failed },
    outcome: state === 'finished' ? 'finished' : 'stopped',
    durationMs: (endedAt ?? startedAt) - startedAt,
  };
}
