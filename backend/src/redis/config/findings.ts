import type { Problem } from '../base/errors/index.js';

/** Stands where a secret, or something that may hold one, would have been shown. */
export const HIDDEN = '***';

const MAX_SHOWN_LENGTH = 120;

/** Says how the user knows an option: by its path, or by the name of an environment variable. */
export type FieldNamer = (path: string) => string;

/** Collects everything that is wrong, so that it is reported at once and under the user's own names. */
export class Findings {
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];
  readonly #refusedPaths = new Set<string>();
  readonly #nameOf: FieldNamer;

  constructor(nameOf: FieldNamer = (path) => path) {
    this.#nameOf = nameOf;
  }

  /** What makes the configuration unusable, in the order it was found. */
  get problems(): readonly Problem[] {
    return Object.freeze([...this.#problems]);
  }

  /** What is usable and probably not meant. */
  get warnings(): readonly Problem[] {
    return Object.freeze([...this.#warnings]);
  }

  /** The user's own name of an option. */
  name(path: string): string {
    return this.#nameOf(path);
  }

  /** True when the option was refused already, so that rules built on its value stay quiet. */
  isRefused(path: string): boolean {
    return this.#refusedPaths.has(path);
  }

  /** Reports something that cannot be used. */
  refuse(path: string, value: unknown, message: string, remedy: string): void {
    this.#refusedPaths.add(path);
    this.#problems.push(this.#problem(path, value, message, remedy));
  }

  /** Reports something that can be used and deserves a look. */
  warn(path: string, value: unknown, message: string, remedy: string): void {
    this.#warnings.push(this.#problem(path, value, message, remedy));
  }

  #problem(path: string, value: unknown, message: string, remedy: string): Problem {
    return Object.freeze({ field: this.name(path), value: showSafely(value), message, remedy });
  }
}

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

function showText(text: string): string {
  if (mayHoldSecret(text)) return HIDDEN;
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
