const WORD = /^\w{1,64}$/;

/** Whether a text is one word, and so a name or a code rather than data. */
export function isWord(text: unknown): text is string {
  return typeof text === 'string' && WORD.test(text);
}

/**
 * The code of an error of anybody, such as `ENOSPC` or `JOURNAL_FULL`; `null` when it has none. It may
 * be told to others, which its message may not: that may hold keys and secrets.
 */
export function codeOf(error: unknown): string | null {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return isWord(code) ? code : null;
}
