import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../frame/index.js';
import { markOf, stateOf, type ProcessMark } from './process-mark.js';

/** The file that says who works with the cluster of a folder. */
export const LOCK_FILE = 'lock';

/**
 * Runs something while nobody else starts, ends or drills the cluster of this folder. A folder that is empty afterwards is
 * removed.
 *
 * @throws {@link CliError} where somebody does.
 */
export async function withLock<T>(folder: string, run: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, LOCK_FILE);
  takeLock(path, folder);
  try {
    return await run();
  } finally {
    rmSync(path, { force: true });
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}

function takeLock(path: string, folder: string): void {
  const mine = JSON.stringify(markOf(process.pid));
  if (tryToWrite(path, mine)) return;
  const holder = readHolder(path);
  if (holder !== null && stateOf(holder) !== 'gone') {
    throw new CliError(
      `Process ${String(holder.pid)} works with the cluster in ${folder}`,
      'Wait until it has ended',
    );
  }
  // It was killed.
  rmSync(path, { force: true });
  if (tryToWrite(path, mine)) return;
  throw new CliError(`Somebody else works with the cluster in ${folder}`, 'Try again');
}

function tryToWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): ProcessMark | null {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as ProcessMark | null;
    return typeof holder?.pid === 'number' ? holder : null;
  } catch {
    return null;
  }
}
