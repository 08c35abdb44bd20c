/** A row, by column. Whoever wrote the query knows the types. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement. Values never become part of the text. */
export interface Sql {
  query<R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** Options of a transaction. */
export interface TransactionTerms {
  /** Deadline of each of its statements, in milliseconds. @defaultValue that of all statements */
  readonly statementTimeoutMs?: number;
}

/** The source of truth: an embedded Postgres, or a server that all processes share. */
export interface Database extends Sql {
  readonly kind: 'embedded' | 'server';
  /** Does all of the work, or nothing of it when it fails. */
  transaction<T>(work: (sql: Sql) => Promise<T>, terms?: TransactionTerms): Promise<T>;
  /** Lets statements under way end, and refuses further ones. Calling it twice is harmless. */
  close(): Promise<void>;
}

/** The injection token of the {@link Database}. */
export const DATABASE = Symbol('Database');

/**
 * The injection token of the database of the sessions, or `null` where they have none: an embedded
 * database belongs to one process and sessions to all, so it cannot say which sessions exist.
 */
export const SESSION_DATABASE = Symbol('SessionDatabase');

/** The database cannot be reached, or did not answer in time. Trying again may help. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
  readonly code = 'DATABASE_UNAVAILABLE';

  constructor(cause: unknown) {
    super('The database cannot be reached', { cause });
  }
}
