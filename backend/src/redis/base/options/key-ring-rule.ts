import { KEY_BYTES, KeyRing } from '../crypto/index.js';
import type { Findings } from './findings.js';
import { converted, readList, rule, type Rule } from './rules.js';
import { HIDDEN } from './show-safely.js';

/** Where keys come from: themselves, in base64, the newest first; a function that returns them; or a ring. */
export type KeySource = readonly string[] | (() => readonly string[]) | KeyRing;

const expects = `keys of ${String(KEY_BYTES)} bytes in base64, the newest first, or a function that returns them`;
const remedy = `Make a key with: openssl rand -base64 ${String(KEY_BYTES)}`;

/** The keys with which something is encrypted. They are never shown. */
export const keyRing: Rule<KeySource, KeyRing> = converted(
  rule<KeySource>(expects, isSource, {
    shows: 'nothing',
    remedy,
    fromText: readList,
    expectsText: `keys of ${String(KEY_BYTES)} bytes in base64, separated by commas, the newest first`,
  }),
  readRing,
);

function isSource(value: unknown): boolean {
  if (value instanceof KeyRing || typeof value === 'function') return true;
  return Array.isArray(value) && KeyRing.of(value) !== null;
}

function readRing(source: KeySource, path: string, findings: Findings): KeyRing | undefined {
  if (source instanceof KeyRing) return source;
  const ring = KeyRing.of(typeof source === 'function' ? callSafely(source) : source);
  if (ring !== null) return ring;
  findings.refuse(path, HIDDEN, `must return ${expects}`, remedy);
  return undefined;
}

// What it throws may hold a key.
function callSafely(source: () => readonly string[]): readonly unknown[] {
  try {
    const keys: unknown = source();
    return Array.isArray(keys) ? keys : [];
  } catch {
    return [];
  }
}
