import { createHash } from 'node:crypto';
import type { ShownKey } from '../config/index.js';

const HASH_DIGITS = 12;
const SHORT_LETTERS = 8;

/** Returns a key as it may leave the process: in events, logs and health. */
export function shownKey(key: string, how: ShownKey): string {
  if (how === 'whole') return key;
  if (how === 'hash')
    return `#${createHash('sha256').update(key).digest('hex').slice(0, HASH_DIGITS)}`;
  const letters = Array.from(key.slice(0, 2 * SHORT_LETTERS));
  return letters.length <= SHORT_LETTERS ? key : `${letters.slice(0, SHORT_LETTERS).join('')}…`;
}
