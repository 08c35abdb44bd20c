import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { createHash } from 'node:crypto';
import { RedisCache, RedisService } from '../../redis/index.js';
import { APP_CONFIG, type AppConfig } from '../app-config.js';
import { networkOf } from './network-of.js';
import { ProblemException } from './problems.js';
import { isRoutine } from './route-of.js';
import { SharedCounts } from './shared-counts.js';

const TELL_EVERY_MS = 1000;
const KEPT_MS = 120_000;

/**
 * Limits how much one client may ask of all processes together. No request waits for Redis, and while Redis is away each
 * process goes on counting for itself. Limiters that ask Redis at each request hold up all of them in a failover, also
 * those that are answered by a replica or from memory.
 */
@Injectable()
export class RequestLimit implements OnModuleDestroy {
  readonly #counts: SharedCounts;
  readonly #isAlone: boolean;
  #telling: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    redis: RedisService,
    cache: RedisCache,
    @Inject(APP_CONFIG) { requestsPerMinute }: AppConfig,
  ) {
    this.#isAlone = redis.mode === 'memory';
    const shared = cache.namespace('requests', { policy: 'strict' });
    this.#counts = new SharedCounts(requestsPerMinute, (minute, client, by) =>
      shared.increment(`${minute}:${hashOf(client)}`, by, KEPT_MS),
    );
  }

  onModuleDestroy(): void {
    this.#isOver = true;
    clearTimeout(this.#telling);
  }

  /** Refuses what is too much with 429. Probes and scrapers are not counted. */
  readonly middleware = (request: Request, _response: Response, next: NextFunction): void => {
    const retryAfterS = isRoutine(request.path)
      ? 0
      : this.#counts.take(networkOf(request.ip ?? ''));
    if (retryAfterS > 0) {
      next(refusal(retryAfterS));
      return;
    }
    this.#tellLater();
    next();
  };

  #tellLater(): void {
    if (this.#telling !== undefined || this.#isOver || this.#isAlone) return;
    this.#telling = setTimeout(() => {
      void this.#counts.tell().then(() => {
        this.#telling = undefined;
        if (this.#counts.hasNews) this.#tellLater();
      });
    }, TELL_EVERY_MS).unref();
  }
}

function refusal(retryAfterS: number): ProblemException {
  const message = `Too many requests. Try again in ${retryAfterS} s`;
  return new ProblemException(
    { statusCode: 429, code: 'TOO_MANY_REQUESTS', message },
    { retryAfterS },
  );
}

// Addresses stay out of Redis, and out of what shows its keys.
function hashOf(client: string): string {
  return createHash('sha256').update(client).digest('base64url');
}
