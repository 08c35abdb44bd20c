import { replyError } from './reply-error.js';
import type { Reply } from '../lua/replies.js';
import type { MemoryKeys } from './memory-keys.js';

/** A command that waits in the server until one of its keys has something. */
export interface Waiting {
  readonly keys: readonly string[];
  /** How long, in ms; 0 means for ever. */
  readonly waitMs: number;
  /** Returns the reply, or `null` while there is none. */
  readonly attempt: () => Reply;
}

/** A command in memory. */
export interface MemoryCommand {
  /** How many arguments it takes. */
  readonly min: number;
  readonly max: number;
  readonly run: (keys: MemoryKeys, args: readonly string[]) => Reply;
  /** Of a command that may wait: what it waits for. `run` is its answer where it may not. */
  readonly wait?: (keys: MemoryKeys, args: readonly string[]) => Waiting;
}

/** The commands of one kind. */
export type MemoryCommands = Readonly<Record<string, MemoryCommand>>;

/** A command with a certain number of arguments. */
export function exactly(count: number, run: MemoryCommand['run']): MemoryCommand {
  return { min: count, max: count, run };
}

/** A command with at least so many arguments. */
export function atLeast(min: number, run: MemoryCommand['run'], max = Infinity): MemoryCommand {
  return { min, max, run };
}

/** The argument in this place, which the number of arguments has been checked for. */
export function word(args: readonly string[], at: number): string {
  const found = args[at];
  if (found === undefined) throw replyError('syntax');
  return found;
}

/** Arguments two by two: fields and values, scores and members. */
export function pairsOf(words: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < words.length; i += 2) pairs.push([word(words, i), word(words, i + 1)]);
  return pairs;
}

/** Takes the options of a command from its words, one after the other. */
export class OptionWords {
  readonly #words: readonly string[];
  #at: number;

  constructor(words: readonly string[], from = 0) {
    this.#words = words;
    this.#at = from;
  }

  /** The number of words that are left. */
  get left(): number {
    return this.#words.length - this.#at;
  }

  /** The next option in small letters. */
  option(): string {
    return this.value().toLowerCase();
  }

  /** The next word, which must be there. */
  value(): string {
    const found = word(this.#words, this.#at);
    this.#at++;
    return found;
  }

  /** The words that are left. */
  rest(): readonly string[] {
    const rest = this.#words.slice(this.#at);
    this.#at = this.#words.length;
    return rest;
  }

  /** Whether the next word is this one, which is taken then. */
  accepts(option: string): boolean {
    if (this.#words[this.#at]?.toLowerCase() !== option) return false;
    this.#at++;
    return true;
  }
}

/** Reads flags without values, each at most once in effect. Throws for another word. */
export function flagsIn<const T extends string>(
  words: readonly string[],
  known: readonly T[],
): ReadonlySet<T> {
  const flags = new Set<T>();
  for (const one of words) {
    const flag = known.find((name) => name === one.toLowerCase());
    if (flag === undefined) throw replyError('syntax');
    flags.add(flag);
  }
  return flags;
}
