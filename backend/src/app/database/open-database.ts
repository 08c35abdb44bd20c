import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppConfig } from '../app-config.js';
import { DatabaseUnavailableError, type Database } from './database.js';
import { EmbeddedDatabase } from './embedded.database.js';
import { prepareDatabase } from './prepare-database.js';
import { ServerDatabase } from './server.database.js';

const log = new Logger('Database');
const PATIENCE_MS = 30_000;
const PAUSE_MS = 500;
const CONNECTIONS = 8;
const SESSION_CONNECTIONS = 4;

/** Opens the database and prepares it. Waits for a server that is still starting, but not for ever. */
export async function openDatabase({
  database: where,
  isSeeded,
}: Pick<AppConfig, 'database' | 'isSeeded'>): Promise<Database> {
  const database =
    where.kind === 'server' ? newServer(where.url, CONNECTIONS) : await newEmbedded(where.folder);
  try {
    const { migrated, isSeeded: wasSeeded } = await prepare(database, isSeeded);
    const steps =
      migrated.length === 0 ? 'up to date' : `brought up to date: ${migrated.join(', ')}`;
    log.log(`Schema ${steps}${wasSeeded ? '; demonstration data inserted' : ''}`);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens what the archive of the sessions uses: a few connections of its own. When Redis comes back
 * empty all products are loaded at once, and whoever is logged in must not wait behind them.
 */
export function openSessionDatabase({
  database: where,
}: Pick<AppConfig, 'database'>): Database | null {
  return where.kind === 'server' ? newServer(where.url, SESSION_CONNECTIONS) : null;
}

function newServer(url: string, maxConnections: number): Database {
  const onIdleError = (error: Error): void => {
    log.warn(`An idle connection broke: ${error.message}`);
  };
  return new ServerDatabase(url, onIdleError, maxConnections);
}

function newEmbedded(folder: string | null): Promise<Database> {
  log.log(
    `Embedded Postgres, ${folder === null ? 'in memory' : 'kept on disk'}: it belongs to this process alone. ` +
      'Set DATABASE_URL to share one',
  );
  return EmbeddedDatabase.open(folder, () => {
    log.fatal('Another process has taken the folder of the database, since this one stood still');
    // Whatever it writes now would damage what the other one has written.
    process.exit(1);
  });
}

async function prepare(database: Database, seeded: boolean): ReturnType<typeof prepareDatabase> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await prepareDatabase(database, { seeded });
    } catch (error) {
      const isOver = performance.now() > giveUpAt;
      if (isOver || !(error instanceof DatabaseUnavailableError)) throw error;
      log.warn('The database cannot be reached yet; trying again');
      await sleep(PAUSE_MS);
    }
  }
}
