import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATABASE, type Database } from './database.js';

// Less than the deadline of checks, so that the answer is ours.
const DEADLINE_MS = 150;

/** What `/health` says of the database. */
export type DatabaseHealth = Record<
  'database',
  {
    readonly status: 'up' | 'degraded';
    readonly kind: Database['kind'];
    readonly message?: string;
  }
>;

/**
 * Asks the database whether it is there. Degraded and not down without it: sessions are validated and
 * cached products are served, and a restart of this process brings no database back.
 */
@Injectable()
export class DatabaseProbe {
  #asking: Promise<DatabaseHealth> | null = null;

  constructor(@Inject(DATABASE) private readonly database: Database) {}

  /** Answers in a bounded time. One question is asked at a time, however many probes there are. */
  check(): Promise<DatabaseHealth> {
    // One that runs in this process needs no asking.
    if (this.database.kind === 'embedded') return Promise.resolve(this.#health('up'));
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return Promise.race([this.#asking, this.#tooLate()]);
  }

  async #ask(): Promise<DatabaseHealth> {
    try {
      await this.database.query('SELECT 1');
      return this.#health('up');
    } catch {
      return this.#health('degraded', 'it cannot be reached');
    }
  }

  async #tooLate(): Promise<DatabaseHealth> {
    await sleep(DEADLINE_MS, undefined, { ref: false });
    return this.#health('degraded', `it did not answer within ${DEADLINE_MS} ms`);
  }

  #health(status: 'up' | 'degraded', reason?: string): DatabaseHealth {
    const { kind } = this.database;
    if (reason === undefined) return { database: { status, kind } };
    const message = `${reason}: logins fail, and products come from the cache`;
    return { database: { status, kind, message } };
  }
}
