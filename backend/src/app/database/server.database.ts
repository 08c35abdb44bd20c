import pg from 'pg';
import {
  DatabaseUnavailableError,
  type Database,
  type Row,
  type Sql,
  type TransactionTerms,
} from './database.js';

const CONNECT_TIMEOUT_MS = 2000;
const STATEMENT_TIMEOUT_MS = 2000;
// The server ends a slow statement itself; this is for a server that does not answer any more.
const GRACE_MS = 500;

// Classes of SQLSTATE that are not about the statement: connection, resources, operator, system.
const AWAY = /^(08|53|57|58)/;

/** A Postgres server, through a bounded pool in which every wait is bounded. */
export class ServerDatabase implements Database {
  readonly kind = 'server';
  readonly #pool: pg.Pool;
  #closing: Promise<void> | null = null;

  /** @param onIdleError - called when an idle connection broke */
  constructor(url: string, onIdleError: (error: Error) => void, maxConnections: number) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + GRACE_MS,
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
      application_name: 'nestjs-redis-ha sample',
    });
    // Without a listener the process would end when the server does.
    this.#pool.on('error', onIdleError);
  }

  async query<R extends object = Row>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    const { rows } = await translated(() =>
      this.#pool.query<R & pg.QueryResultRow>(text, [...values]),
    );
    return rows;
  }

  async transaction<T>(
    work: (sql: Sql) => Promise<T>,
    { statementTimeoutMs }: TransactionTerms = {},
  ): Promise<T> {
    const client = await translated(() => this.#pool.connect());
    const sql = sqlOf(client, statementTimeoutMs);
    let failure: unknown = null;
    try {
      await sql.query('BEGIN');
      if (statementTimeoutMs !== undefined) {
        await sql.query(`SET LOCAL statement_timeout = ${Math.floor(statementTimeoutMs)}`);
      }
      const result = await work(sql);
      await sql.query('COMMIT');
      return result;
    } catch (error) {
      failure = error;
      await sql.query('ROLLBACK').catch(() => (failure = new DatabaseUnavailableError(error)));
      throw error;
    } finally {
      // A connection in an unknown state does not go back to the pool.
      client.release(failure instanceof DatabaseUnavailableError);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }
}

function sqlOf(client: pg.PoolClient, statementTimeoutMs: number | undefined): Sql {
  const patience =
    statementTimeoutMs === undefined ? {} : { query_timeout: statementTimeoutMs + GRACE_MS };
  return {
    query: async <R extends object>(text: string, values: readonly unknown[] = []) => {
      const question = { text, values: [...values], ...patience };
      return (await translated(() => client.query<R & pg.QueryResultRow>(question))).rows;
    },
  };
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isAnswer = error instanceof pg.DatabaseError && !AWAY.test(error.code ?? '');
    throw isAnswer ? error : new DatabaseUnavailableError(error);
  }
}
