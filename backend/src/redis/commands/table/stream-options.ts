// What XREAD and XREADGROUP take before STREAMS, with the number of words of each. Groups, consumers and
// streams may have any name, `block` too, so the words are read from the left, as Redis does it.
const WORDS_OF: Readonly<Record<string, number>> = {
  block: 2,
  count: 2,
  claim: 2,
  group: 3,
  noack: 1,
};

/** What the words of XREAD or XREADGROUP mean. */
export interface StreamOptions {
  /** What follows `BLOCK`; `null` without it. */
  readonly block: unknown;
  /** Where the names of the streams begin; the number of words when there are none. */
  readonly firstStream: number;
}

/** Reads the options of XREAD and XREADGROUP. */
export function streamOptions(words: readonly unknown[]): StreamOptions {
  let block: unknown = null;
  let i = 0;
  while (i < words.length) {
    const word = String(words[i]).toLowerCase();
    if (word === 'streams') return { block, firstStream: i + 1 };
    if (word === 'block') block = words[i + 1];
    i += WORDS_OF[word] ?? 1;
  }
  return { block, firstStream: words.length };
}
