import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATABASE, type Database } from './database.js';

// Shorter than the deadline of checks, so that this result is the one that is used.
const DEADLINE_MS = 150;

/** The state of the database in `/health`. */
export type DatabaseHealth = Record<
  'database',
  {
    readonly status: 'up' | 'degraded';
    readonly kind: Database['kind'];
    readonly message?: string;
  }
>;

/**
 * Checks whether the database is there. `degraded` and not `down` without it: sessions are validated and
 * cached products are served, and restarting this process would not bring a database back.
 */
@Injectable()
export class DatabaseProbe {
  #asking: Promise<DatabaseHealth> | null = null;

  constructor(@Inject(DATABASE) private readonly database: Database) {}

  /** Returns the state within a bounded time. One query runs at a time, however many probes there are. */
  check(): Promise<DatabaseHealth> {
    // An embedded database needs no query.
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
