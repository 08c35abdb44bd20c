import { inspect } from 'node:util';

/** Stands where a secret, or something that may hold one, would have been shown. */
export const HIDDEN = '***';

const MAX_SHOWN_LENGTH = 120;

/**
 * A form of a received value that can go into an error or a log: plain, short and free of secrets.
 * Text that may carry credentials (a URL, `user:password@host`, a PEM block) is hidden as a whole.
 */
export function showSafely(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return showText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      if (value === null) return null;
      return Array.isArray(value) ? '(a list)' : '(an object)';
    default:
      return `(a ${typeof value})`;
  }
}

/** True for text that may carry credentials. */
export function mayHoldSecret(text: string): boolean {
  return /[@\r\n]|:\/\/|-----/.test(text);
}

/** Makes an object print as what `redact` returns for it. The added members are not enumerable, so copies lack them. */
export function hideSecretsOf<T extends object>(value: T, redact: (value: T) => unknown): T {
  const print = { value: () => redact(value), enumerable: false };
  return Object.defineProperties(value, { toJSON: print, [inspect.custom]: print });
}

function showText(text: string): string {
  if (mayHoldSecret(text)) return HIDDEN;
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
