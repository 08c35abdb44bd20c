/** What every Node that is supported has, and the types of ES2023 do not name. */
interface KnowsItsForm {
  isWellFormed(): boolean;
}

/**
 * Whether text can be encoded as bytes and back. Half a surrogate pair cannot: two texts that differ only
 * there would be one in Redis and two in memory.
 */
export function isWellFormed(text: string): boolean {
  return (text as string & KnowsItsForm).isWellFormed();
}
