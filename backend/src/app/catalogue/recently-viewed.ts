import { Injectable, Logger } from '@nestjs/common';
import { RedisService as NamedClients } from '@liaoliaots/nestjs-redis';
import { RedisService } from '../../redis/index.js';
import type { Recent } from './catalogue.schemas.js';

/** The name of the raw client that is used here. */
export const RECENT_CLIENT = 'recent';

const MOST = 10;
const KEPT_S = 7 * 86_400;
const TIMEOUT_MS = 250;

/**
 * The products each user viewed last, on a plain client of `@liaoliaots/nestjs-redis`. It is not essential,
 * so nobody waits for it, and without Redis the list is empty.
 */
@Injectable()
export class RecentlyViewed {
  readonly #log = new Logger('RecentlyViewed');

  constructor(
    private readonly clients: NamedClients,
    private readonly redis: RedisService,
  ) {}

  /** Puts a product first. Never fails, and is not waited for. */
  note(userId: string, productId: number): void {
    if (this.#isAway) return;
    const key = keyOf(userId);
    const noting = this.clients
      .getOrThrow(RECENT_CLIENT)
      .multi()
      .lrem(key, 0, String(productId))
      .lpush(key, String(productId))
      .ltrim(key, 0, MOST - 1)
      .expire(key, KEPT_S)
      .exec();
    noting.catch((error: unknown) => {
      this.#complain(error);
    });
  }

  /** The last products of a user. */
  async list(userId: string): Promise<Recent> {
    if (this.#isAway) return NOBODY_KNOWS;
    try {
      const reply = this.clients.getOrThrow(RECENT_CLIENT).lrange(keyOf(userId), 0, MOST - 1);
      const ids = await within(TIMEOUT_MS, reply);
      return { items: ids.map(Number).filter(Number.isSafeInteger), isAvailable: true };
    } catch (error) {
      this.#complain(error);
      return NOBODY_KNOWS;
    }
  }

  // A raw client queues commands while there is no primary. None of these is worth that.
  get #isAway(): boolean {
    return !this.redis.canWrite;
  }

  #complain(error: unknown): void {
    const name = error instanceof Error ? error.name : 'unknown';
    this.#log.debug(`Not noted or not listed: ${name}`);
  }
}

const NOBODY_KNOWS: Recent = { items: [], isAvailable: false };

function keyOf(userId: string): string {
  return `recent:${userId}`;
}

function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new DOMException('Redis did not answer in time', 'TimeoutError'));
    }, timeoutMs);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
