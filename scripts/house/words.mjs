// @ts-check
// The words of a house: what its names are made of.

/**
 * The words a name is made of, in lower case: `nextRedisURL2` has `next`, `redis`, `url`, `2`.
 * @param {string} name
 */
export function wordsIn(name) {
  const words = name.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\d+/gu) ?? [];
  return words.map((word) => word.toLowerCase());
}

/**
 * Distinct words of all names, sorted.
 * @param {Iterable<string>} names
 */
export function distinctWords(names) {
  return [...new Set([...names].flatMap(wordsIn))].sort();
}
