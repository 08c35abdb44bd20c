/** Who reads. */
export const READER_KINDS = [
  'namespace',
  'namespace, shared objects',
  'redis.near',
  'ioredis',
  'Map with copies',
  'lru-cache',
] as const;

/** One of them. */
export type ReaderKind = (typeof READER_KINDS)[number];

/** The beginning of the plain keys. */
export const PREFIX = 'speed:';

/** What is written under the n-th key: a small object, as a flag or a price is. */
export function valueOf(n: number, version: number): object {
  return { id: n, version, name: `item ${String(n)}`, price: n % 1000, isActive: true };
}
