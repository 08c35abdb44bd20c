import { PGlite } from '@electric-sql/pglite';
import { DatabaseUnavailableError, type Database, type Row, type Sql } from './database.js';

/** Postgres inside this process: nothing to install, and nothing shared with other processes. */
export class EmbeddedDatabase implements Database {
  readonly kind = 'embedded';
  readonly #postgres: PGlite;
  #closing: Promise<void> | null = null;

  private constructor(postgres: PGlite) {
    this.#postgres = postgres;
  }

  /** Starts it, in memory or in a folder. */
  static async open(folder: string | null): Promise<EmbeddedDatabase> {
    return new EmbeddedDatabase(
      await (folder === null ? PGlite.create() : PGlite.create(`file://${folder}`)),
    );
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
    this.#closing ??= this.#postgres.close();
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new DatabaseUnavailableError('it is closed');
  }
}
