import type { Database, Sql } from './database.js';
import { MIGRATIONS } from './migrations.js';
import { seed } from './seed.js';

/** The result of the preparation. */
export interface Preparation {
  readonly migrated: readonly string[];
  readonly isSeeded: boolean;
}

// Any number is fine, as long as nothing else in this database uses it.
const LOCK = 5_271_833;
const PATIENCE_MS = 60_000;

/**
 * Brings the schema up to date, and inserts the demonstration data when wanted. All in one
 * transaction under a lock: of several processes that start at once, one does it and the others wait.
 */
export function prepareDatabase(
  database: Database,
  { seeded }: { readonly seeded: boolean },
): Promise<Preparation> {
  return database.transaction(
    async (sql) => {
      await sql.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const migrated = await migrate(sql);
      return { migrated, isSeeded: seeded && (await seed(sql)) };
    },
    { statementTimeoutMs: PATIENCE_MS },
  );
}

async function migrate(sql: Sql): Promise<string[]> {
  await sql.query(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       id integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const rows = await sql.query<{ id: number }>('SELECT id FROM schema_migrations');
  const applied = new Set(rows.map(({ id }) => id));
  const missing = MIGRATIONS.filter(({ id }) => !applied.has(id));
  for (const { id, name, statements } of missing) {
    for (const statement of statements) await sql.query(statement);
    await sql.query('INSERT INTO schema_migrations (id, name) VALUES ($1, $2)', [id, name]);
  }
  return missing.map(({ name }) => name);
}
