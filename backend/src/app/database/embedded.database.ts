import { PGlite } from '@electric-sql/pglite';
import { DatabaseUnavailableError, type Database, type Row, type Sql } from './database.js';
import { FolderLock } from './folder-lock.js';

/** Postgres inside this process: nothing to install, and nothing shared with other processes. */
export class EmbeddedDatabase implements Database {
  readonly kind = 'embedded';
  readonly #postgres: PGlite;
  #closing: Promise<void> | null = null;

  private constructor(
    postgres: PGlite,
    private readonly lock: FolderLock | null,
  ) {
    this.#postgres = postgres;
  }

  /**
   * Starts it, in memory or in a folder. `onLost` is called when another process has taken the folder.
   * @throws FolderInUseError when the folder belongs to another process: both would write over each other's rows.
   */
  static async open(folder: string | null, onLost: () => void): Promise<EmbeddedDatabase> {
    if (folder === null) return new EmbeddedDatabase(await PGlite.create(), null);
    const lock = await FolderLock.take(folder, onLost);
    try {
      return new EmbeddedDatabase(await PGlite.create(`file://${folder}`), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async query<R extends object = Row>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    this.#assertOpen();
    const { rows } = await this.#postgres.query<R>(text, [...values]);
    return rows;
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#postgres.transaction((transaction) =>
      work({
        query: async <R extends object>(text: string, values: readonly unknown[] = []) =>
          (await transaction.query<R>(text, [...values])).rows,
      }),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#postgres.close().finally(() => this.lock?.release());
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new DatabaseUnavailableError('it is closed');
  }
}
