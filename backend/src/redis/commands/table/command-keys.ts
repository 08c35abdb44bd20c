import { rowNamed, rowOf } from './command-lookup.js';
import { streamOptions } from './stream-options.js';

/** Returns where keys are among words, the words being those after the name of the command. */
type Finder = (words: readonly unknown[]) => readonly number[];

/**
 * Returns the keys of a command, as they were given; for sharded channels, the channels, which belong to a
 * slot like keys. Returns none for a command that is in no table: nobody knows where its keys are.
 *
 * The rule for the keys in a {@link CommandRow} counts positions as Redis does, from the name, which has 0:
 * - `2` is one key, `1:-1` a range up to the last word, `1:-1:2` every second word of one
 * - `#2` is the number of keys that follow it; with `#2:2` every second word behind it is a key
 * - `STORE@6` is the key after a word that stands at 6 or later, `KEYS@6:-1` all keys after one
 * - `STREAMS` is the first half of what follows that word in XREAD
 * - of rules between commas each gives keys; of rules between bars the first that gives any
 */
export function keysOf(name: string, args: readonly unknown[]): unknown[] {
  const words = args.flat();
  return keyIndexes(name, words).map((index) => words[index]);
}

/** Returns whether the first argument of a command is its only key. */
export function isFirstTheOnlyKey(name: string): boolean {
  return rowNamed(name)?.keys === '1';
}

/** Returns the places of the keys of a command among its words. */
export function keyIndexes(name: string, words: readonly unknown[]): readonly number[] {
  const rule = rowOf(name, words)?.keys ?? '';
  if (rule === '') return [];
  const finder = finders.get(rule) ?? remember(rule);
  return finder(words);
}

const finders = new Map<string, Finder>();

function remember(rule: string): Finder {
  const finder = finderOf(rule);
  finders.set(rule, finder);
  return finder;
}

function finderOf(rule: string): Finder {
  if (rule.includes('|')) {
    const [first, ...rest] = rule.split('|').map(finderOf);
    return (words) =>
      rest.reduce((found, next) => (found.length > 0 ? found : next(words)), first?.(words) ?? []);
  }
  if (rule.includes(',')) {
    const finders = rule.split(',').map(finderOf);
    return (words) => finders.flatMap((finder) => finder(words));
  }
  if (rule === 'STREAMS') return streams;
  if (rule.startsWith('#')) {
    const [at, each = '1'] = rule.slice(1).split(':');
    return counted(Number(at), Number(each));
  }
  const [head = '', last, step = '1'] = rule.split(':');
  const [word, from] = head.split('@');
  if (from !== undefined)
    return after(String(word).toLowerCase(), Number(from), last !== undefined);
  return range(Number(head), Number(last ?? head), Number(step));
}

function range(first: number, last: number, step: number): Finder {
  return ({ length }) => {
    const end = last < 0 ? length + last : last - 1;
    return places(first - 1, Math.min(end, length - 1), step);
  };
}

function counted(at: number, step: number): Finder {
  return (words) => {
    const last = at + (Number(words[at - 1]) - 1) * step;
    // Redis takes no command with fewer words than the number says, and sees no keys in it.
    return last < words.length ? places(at, last, step) : [];
  };
}

function after(word: string, from: number, toTheEnd: boolean): Finder {
  return (words) => {
    const at = words.findIndex((each, i) => i >= from - 1 && String(each).toLowerCase() === word);
    if (at === -1) return [];
    return places(at + 1, Math.min(toTheEnd ? Infinity : at + 1, words.length - 1), 1);
  };
}

function streams(words: readonly unknown[]): readonly number[] {
  const { firstStream } = streamOptions(words);
  return places(firstStream, firstStream + Math.floor((words.length - firstStream) / 2) - 1, 1);
}

function places(first: number, last: number, step: number): readonly number[] {
  const found: number[] = [];
  for (let i = first; i <= last; i += step) found.push(i);
  return found;
}
