import { ConfigInvalidError, type Problem } from '../errors/index.js';
import { showSafely } from './show-safely.js';

/** Says how the user knows an option: by its path, or by the name of an environment variable. */
type FieldNamer = (path: string) => string;

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

  /** What can be used but is probably a mistake. */
  get warnings(): readonly Problem[] {
    return Object.freeze([...this.#warnings]);
  }

  /** The user's own name of an option. */
  name(path: string): string {
    return this.#nameOf(path);
  }

  /** Returns whether the option was refused already, so that rules that use its value report nothing more. */
  isRefused(path: string): boolean {
    return this.#refusedPaths.has(path);
  }

  /** Reports something that cannot be used. */
  refuse(path: string, value: unknown, message: string, remedy: string): void {
    this.#refusedPaths.add(path);
    this.#problems.push(this.#problem(path, value, message, remedy));
  }

  /** Reports something that can be used but is probably a mistake. */
  warn(path: string, value: unknown, message: string, remedy: string): void {
    this.#warnings.push(this.#problem(path, value, message, remedy));
  }

  /** @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) with all problems, if there are any. */
  throwProblems(): void {
    if (this.#problems.length > 0) throw new ConfigInvalidError(this.problems);
  }

  #problem(path: string, value: unknown, message: string, remedy: string): Problem {
    return Object.freeze({ field: this.name(path), value: showSafely(value), message, remedy });
  }
}
