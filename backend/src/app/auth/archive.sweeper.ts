import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { SESSION_DATABASE, type Database } from '../database/database.js';
import { SWEPT_AT_ONCE, TableArchive } from './table.archive.js';

const EVERY_MS = 10 * 60_000;
// Processes that start together must not sweep at once; a process that restarts often must sweep sometimes.
const FIRST_MS = 30_000;

/** Deletes ended sessions from the table from time to time: nothing else does. */
@Injectable()
export class ArchiveSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('ArchiveSweeper');
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(@Inject(SESSION_DATABASE) private readonly database: Database | null) {}

  onApplicationBootstrap(): void {
    if (this.database !== null) this.#sweepIn(FIRST_MS * (1 + Math.random()), this.database);
  }

  onModuleDestroy(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #sweepIn(delayMs: number, database: Database): void {
    this.#timer = setTimeout(() => {
      void this.#sweep(new TableArchive(database)).then(() => {
        if (!this.#isOver) this.#sweepIn(EVERY_MS, database);
      });
    }, delayMs).unref();
  }

  async #sweep(archive: TableArchive): Promise<void> {
    try {
      let count = SWEPT_AT_ONCE;
      while (count === SWEPT_AT_ONCE && !this.#isOver) {
        count = await archive.sweep(Date.now());
        if (count > 0) this.#log.debug(`${count} ended sessions deleted`);
      }
    } catch {
      this.#log.warn('Ended sessions could not be deleted; the next time is soon');
    }
  }
}
