/** Plain data that explains one failure. Never holds keys, values or secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

const BRAND = Symbol.for('nestjs-redis-ha.error');

/**
 * The base of every error this library throws. Match on {@link RedisHaError.code}, which is stable;
 * messages may be reworded. Each code has a section in `docs/errors.md`.
 */
export abstract class RedisHaError extends Error {
  /** Stable, machine-readable name of what went wrong. */
  abstract readonly code: string;
  /** Whether the same call may succeed later although nothing is changed. */
  abstract readonly retryable: boolean;
  /** What is known about the failure, as plain data. */
  readonly details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.details = Object.freeze({ ...details });
    Object.defineProperty(this, BRAND, { value: true });
  }

  override get name(): string {
    return this.constructor.name;
  }

  /** Returns whether this is an error of the library, also of a second installed copy of it. */
  static is(error: unknown): error is RedisHaError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}
