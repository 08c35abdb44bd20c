const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Whether text can be encoded as bytes and back. Half a surrogate pair cannot: two texts that differ only
 * there would be one in Redis and two in memory.
 */
export function isWellFormed(text: string): boolean {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}
