import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { RedisCache, RedisHaError, type CacheNamespace } from '../../redis/index.js';
import { APP_CONFIG, type AppConfig } from '../app-config.js';
import { ProblemException } from '../http/problems.js';

const WINDOW_MS = 60_000;
const MAX_COUNTED_HERE = 10_000;

/**
 * Limits the logins for one address, over all processes: the number is kept in Redis, where incrementing
 * and reading it is one step. Where Redis does not count, because it is away or refuses to, each process counts
 * for itself: an outage locks nobody out who knows his password, and opens the door to nobody who guesses.
 */
@Injectable()
export class LoginThrottle {
  readonly #log = new Logger('LoginThrottle');
  readonly #attempts: CacheNamespace;
  readonly #countedHere = new Map<string, number>();
  readonly #most: number;

  constructor(cache: RedisCache, @Inject(APP_CONFIG) config: AppConfig) {
    this.#attempts = cache.namespace('login-attempts', { policy: 'strict' });
    this.#most = config.loginAttemptsPerMinute;
  }

  /** Counts an attempt. @throws ProblemException (429) when there were too many. */
  async enter(email: string): Promise<void> {
    const now = Date.now();
    const attempts = await this.#count(keyOf(email, now));
    if (attempts <= this.#most) return;
    const retryAfterS = Math.max(1, Math.ceil((WINDOW_MS - (now % WINDOW_MS)) / 1000));
    throw new ProblemException(
      {
        statusCode: 429,
        code: 'TOO_MANY_ATTEMPTS',
        message: `Too many attempts for this address. Try again in ${retryAfterS} s`,
      },
      { retryAfterS },
    );
  }

  /** Forgets the attempts: this one had the right password. */
  async forget(email: string): Promise<void> {
    const key = keyOf(email, Date.now());
    this.#countedHere.delete(key);
    try {
      await this.#attempts.delete(key);
    } catch (error) {
      this.#log.debug(`Attempts are not forgotten: ${codeOf(error)}`);
    }
  }

  /** Returns the attempts so far, as far as this process can tell. */
  async #count(key: string): Promise<number> {
    try {
      return await this.#attempts.increment(key, 1, WINDOW_MS);
    } catch (error) {
      this.#log.debug(`Attempts are counted in this process alone: ${codeOf(error)}`);
      return this.#countHere(key);
    }
  }

  #countHere(key: string): number {
    const attempts = (this.#countedHere.get(key) ?? 0) + 1;
    this.#countedHere.delete(key);
    this.#countedHere.set(key, attempts);
    const oldest = this.#countedHere.keys().next().value;
    if (this.#countedHere.size > MAX_COUNTED_HERE && oldest !== undefined) {
      this.#countedHere.delete(oldest);
    }
    return attempts;
  }
}

function codeOf(error: unknown): string {
  return RedisHaError.is(error) ? error.code : 'unknown';
}

// The time window is part of the key, so that its end is known; addresses stay out of Redis.
function keyOf(email: string, now: number): string {
  const hash = createHash('sha256').update(email.toLowerCase()).digest('base64url');
  return `${Math.floor(now / WINDOW_MS)}:${hash}`;
}
