import type { Reply } from '../lua/replies.js';
import { atLeast, type MemoryCommand, type MemoryCommands, OptionWords } from './command-words.js';
import { countOfKeys } from './list-commands.js';
import type { MemoryKeys } from './memory-keys.js';
import { float, index, scoreText } from './numbers.js';
import { ReplyError, replyError } from './reply-error.js';
import { type Range, type RangeKind, type Select, selectOf } from './score-ranges.js';
import { type Scored, SortedSet } from './sorted-set.js';

type Combine = 'union' | 'inter' | 'diff';

/** Commands that read ranges of sorted sets, or make one of several. */
export const RANGE_COMMANDS: MemoryCommands = {
  zrange: atLeast(3, (keys, [key = '', from = '', to = '', ...args]) => {
    const { select, withScores } = rangeWith({ from, to }, args, true);
    return answer(select(keys.sortedSet(key)), withScores);
  }),
  zrangestore: atLeast(4, (keys, [to = '', key = '', min = '', max = '', ...args]) => {
    const { select, withScores } = rangeWith({ from: min, to: max }, args, true);
    if (withScores) throw replyError('syntax');
    return keys.store(to, new SortedSet(select(keys.sortedSet(key))));
  }),
  zrevrange: oneWay('rank', true),
  zrangebyscore: oneWay('score', false),
  zrevrangebyscore: oneWay('score', true),
  zrangebylex: oneWay('lex', false),
  zrevrangebylex: oneWay('lex', true),
  zunion: reading('union'),
  zinter: reading('inter'),
  zdiff: reading('diff'),
  zunionstore: storing('union'),
  zinterstore: storing('inter'),
  zdiffstore: storing('diff'),
  zintercard: atLeast(2, (keys, args) => {
    const words = new OptionWords(args);
    const sets = setsNamed(keys, words);
    const limit = words.accepts('limit') ? index(words.value()) : 0;
    if (limit < 0) throw new ReplyError("ERR LIMIT can't be negative");
    if (words.left > 0) throw replyError('syntax');
    const { length } = combined('inter', sets, PLAIN);
    return limit === 0 ? length : Math.min(length, limit);
  }),
};

function oneWay(kind: RangeKind, isReversed: boolean): MemoryCommand {
  return atLeast(3, (keys, [key = '', from = '', to = '', ...args]) => {
    const { select, withScores } = rangeWith({ kind, from, to, isReversed }, args, false);
    if (kind === 'lex' && withScores) throw replyError('syntax');
    return answer(select(keys.sortedSet(key)), withScores);
  });
}

interface AskedRange {
  readonly select: Select;
  readonly withScores: boolean;
}

type RangeDraft = Omit<Range, 'kind'> & { readonly kind?: RangeKind };

function rangeWith(draft: RangeDraft, args: readonly string[], mayChoose: boolean): AskedRange {
  const words = new OptionWords(args);
  let range: Range = { kind: 'rank', ...draft };
  let [withScores, hasLimit] = [false, false];
  while (words.left > 0) {
    const option = words.option();
    if (option === 'withscores') withScores = true;
    else if (option === 'limit') {
      hasLimit = true;
      range = { ...range, offset: index(words.value()), count: index(words.value()) };
    } else if (mayChoose) range = { ...range, ...chosen(option) };
    else throw replyError('syntax');
  }
  if (hasLimit && range.kind === 'rank') {
    throw new ReplyError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
  }
  if (withScores && range.kind === 'lex') {
    throw new ReplyError('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
  }
  return { select: selectOf(range), withScores };
}

function chosen(option: string): Partial<Range> {
  if (option === 'rev') return { isReversed: true };
  if (option === 'byscore') return { kind: 'score' };
  if (option === 'bylex') return { kind: 'lex' };
  throw replyError('syntax');
}

function answer(members: readonly Scored[], withScores: boolean): Reply {
  return members.flatMap(([member, score]) => (withScores ? [member, scoreText(score)] : [member]));
}

interface CombineOptions {
  readonly weights: readonly number[];
  readonly aggregate: string;
  readonly withScores: boolean;
}

const PLAIN: CombineOptions = { weights: [], aggregate: 'sum', withScores: false };

function reading(how: Combine): MemoryCommand {
  return atLeast(2, (keys, args) => {
    const words = new OptionWords(args);
    const sets = setsNamed(keys, words);
    const options = combineOptions(words, { count: sets.length, how, isToStore: false });
    return answer(combined(how, sets, options), options.withScores);
  });
}

function storing(how: Combine): MemoryCommand {
  return atLeast(3, (keys, [to = '', ...args]) => {
    const words = new OptionWords(args);
    const sets = setsNamed(keys, words);
    const options = combineOptions(words, { count: sets.length, how, isToStore: true });
    return keys.store(to, new SortedSet(combined(how, sets, options)));
  });
}

function setsNamed(keys: MemoryKeys, words: OptionWords): SortedSet[] {
  const count = numberOfKeys(words.value());
  if (count > words.left) throw replyError('syntax');
  return Array.from({ length: count }, () => memberScores(keys, words.value()));
}

function numberOfKeys(text: string): number {
  if (index(text) < 1) throw new ReplyError('ERR at least 1 input key is needed for this command');
  return countOfKeys(text);
}

// A plain set counts as one whose scores are all 1.
function memberScores(keys: MemoryKeys, key: string): SortedSet {
  const held = keys.find(key);
  if (held instanceof Set) return new SortedSet([...held].map((member) => [member, 1] as const));
  return keys.sortedSet(key) ?? new SortedSet();
}

function combineOptions(
  words: OptionWords,
  asked: { readonly count: number; readonly how: Combine; readonly isToStore: boolean },
): CombineOptions {
  let options = PLAIN;
  while (words.left > 0) {
    const option = words.option();
    if (option === 'withscores' && !asked.isToStore) options = { ...options, withScores: true };
    else if (option === 'weights' && asked.how !== 'diff') {
      options = { ...options, weights: Array.from({ length: asked.count }, () => weight(words)) };
    } else if (option === 'aggregate' && asked.how !== 'diff') {
      options = { ...options, aggregate: aggregateOf(words.option()) };
    } else throw replyError('syntax');
  }
  return options;
}

function weight(words: OptionWords): number {
  try {
    return float(words.value());
  } catch {
    throw new ReplyError('ERR weight value is not a float');
  }
}

function aggregateOf(option: string): string {
  if (!['sum', 'min', 'max'].includes(option)) throw replyError('syntax');
  return option;
}

function combined(
  how: Combine,
  sets: readonly SortedSet[],
  options: CombineOptions,
): readonly Scored[] {
  const [first = new SortedSet(), ...others] = sets;
  if (how === 'diff') {
    return first.inOrder.filter(([member]) => others.every((set) => set.scoreOf(member) === null));
  }
  const names = new Set(sets.flatMap(({ inOrder }) => inOrder.map(([member]) => member)));
  const members = [...names].filter(
    (member) => how === 'union' || sets.every((set) => set.scoreOf(member) !== null),
  );
  return new SortedSet(members.map((member) => [member, scoreIn(member, sets, options)])).inOrder;
}

function scoreIn(
  member: string,
  sets: readonly SortedSet[],
  { weights, aggregate }: CombineOptions,
): number {
  const scores = sets.flatMap((set, i) => {
    const score = set.scoreOf(member);
    return score === null ? [] : [numberOr0(score * (weights[i] ?? 1))];
  });
  if (aggregate === 'min') return Math.min(...scores);
  return aggregate === 'max'
    ? Math.max(...scores)
    : scores.reduce((sum, score) => numberOr0(sum + score), 0);
}

// Infinity less infinity, and infinity times nothing.
function numberOr0(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}
