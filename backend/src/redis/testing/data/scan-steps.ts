import type { Reply } from '../lua/replies.js';
import { OptionWords } from './command-words.js';
import { matches } from './glob.js';
import { type MemoryKeys, typeOf } from './memory-keys.js';
import { index } from './numbers.js';
import { ReplyError, replyError } from './reply-error.js';

const USUAL_COUNT = 10;
const CURSOR = /^\d{1,20}$/;
/** Cursors that are remembered. With one that is not, a scan begins anew. */
const MAX_CURSORS = 1_000;

interface ScanOptions {
  readonly count: number;
  readonly pattern: string | null;
  readonly type: string | null;
}

/** Where scans over keys are: a cursor stands for the last key that was looked at. */
export class ScanSteps {
  readonly #last = new Map<string, string>();
  #cursors = 0;

  /** One step of SCAN. Goes through the keys by name, so what stays is found, whatever comes and goes. */
  step(keys: MemoryKeys, [cursor = '', ...args]: readonly string[]): Reply {
    const { count, pattern, type } = optionsOf(cursor, args, true);
    const last = this.#last.get(cursor);
    const left = keys.names.sort().filter((key) => last === undefined || key > last);
    const looked = left.slice(0, count);
    const found = looked.filter((key) => {
      if (pattern !== null && !matches(pattern, key)) return false;
      return type === null || typeOf(keys.find(key)) === type;
    });
    const end = looked.at(-1);
    return [left.length > count && end !== undefined ? this.#next(end) : '0', found];
  }

  #next(last: string): string {
    const cursor = String(++this.#cursors);
    this.#last.set(cursor, last);
    this.#last.delete(String(this.#cursors - MAX_CURSORS));
    return cursor;
  }
}

/** One step over what a key holds: all at once, as Redis does for a small one. */
export function scanMembers(
  [, cursor = '', ...args]: readonly string[],
  members: readonly (readonly string[])[],
): Reply {
  const { pattern } = optionsOf(cursor, args, false);
  const found = members.filter(([name = '']) => pattern === null || matches(pattern, name));
  return ['0', found.flat()];
}

function optionsOf(cursor: string, args: readonly string[], hasType: boolean): ScanOptions {
  if (!CURSOR.test(cursor)) throw new ReplyError('ERR invalid cursor');
  const words = new OptionWords(args);
  let [count, pattern, type] = [USUAL_COUNT, null as string | null, null as string | null];
  while (words.left > 0) {
    const option = words.option();
    if (option === 'match') pattern = words.value();
    else if (option === 'count') count = index(words.value());
    else if (option === 'type' && hasType) type = words.value().toLowerCase();
    else throw replyError('syntax');
  }
  if (count < 1) throw replyError('syntax');
  return { count, pattern, type };
}
