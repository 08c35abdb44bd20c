import { part } from './list-commands.js';
import { float, index } from './numbers.js';
import { ReplyError } from './reply-error.js';
import type { Scored, SortedSet } from './sorted-set.js';

/** How members are chosen: by their place, their score, or their name among members of one score. */
export type RangeKind = 'rank' | 'score' | 'lex';

/** A range of a sorted set, as it was asked for. */
export interface Range {
  readonly kind: RangeKind;
  readonly from: string;
  readonly to: string;
  /** The last first; `from` is the upper end then. */
  readonly isReversed?: boolean;
  readonly offset?: number;
  readonly count?: number;
}

type IsInside = (scored: Scored) => boolean;

/** Finds the members of a range in a sorted set. */
export type Select = (set: SortedSet | null) => readonly Scored[];

/** Reads a range, before anybody looks whether the key holds a sorted set: Redis refuses in this order. */
export function selectOf(range: Range): Select {
  const { kind, from, to } = range;
  if (kind === 'rank') {
    const [start, end] = [index(from), index(to)];
    return (set) => part(inDirection(set, range), start, end);
  }
  const [low, high] = range.isReversed === true ? [to, from] : [from, to];
  const isInside = kind === 'score' ? betweenScores(low, high) : betweenNames(low, high);
  return (set) => limited(inDirection(set, range).filter(isInside), range);
}

function inDirection(set: SortedSet | null, { isReversed = false }: Range): readonly Scored[] {
  const all = set?.inOrder ?? [];
  return isReversed ? all.toReversed() : all;
}

function limited(found: readonly Scored[], { offset = 0, count = -1 }: Range): readonly Scored[] {
  if (offset < 0) return [];
  return found.slice(offset, count < 0 ? undefined : offset + count);
}

function betweenScores(low: string, high: string): IsInside {
  const [from, to] = [scoreBound(low), scoreBound(high)];
  return ([, score]) =>
    (from.isOpen ? score > from.score : score >= from.score) &&
    (to.isOpen ? score < to.score : score <= to.score);
}

function scoreBound(text: string): { readonly score: number; readonly isOpen: boolean } {
  const isOpen = text.startsWith('(');
  try {
    return { score: float(isOpen ? text.slice(1) : text), isOpen };
  } catch {
    throw new ReplyError('ERR min or max is not a float');
  }
}

function betweenNames(low: string, high: string): IsInside {
  const [from, to] = [nameBound(low), nameBound(high)];
  return ([member]) => from(member) >= 0 && to(member) <= 0;
}

/** Returns a function that tells on which side of the bound a member is; 0 is within the range at either end. */
function nameBound(text: string): (member: string) => number {
  if (text === '-') return () => 1;
  if (text === '+') return () => -1;
  const [sign, bound] = [text.slice(0, 1), text.slice(1)];
  if (sign === '[') return (member) => (member === bound ? 0 : member > bound ? 1 : -1);
  // A member that is the bound itself is outside, whichever end it is.
  if (sign === '(') return (member) => (member === bound ? Number.NaN : member > bound ? 1 : -1);
  throw new ReplyError('ERR min or max not valid string range item');
}
