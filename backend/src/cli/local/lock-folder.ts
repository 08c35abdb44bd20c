import { readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../redis/base/errors/index.js';
import { makeFolder } from '../../redis/base/files/index.js';
import { answerWithin, atDeadline, SystemClock } from '../../redis/base/timing/index.js';
import { CliError } from '../frame/index.js';
import { markOf, stateOf, type ProcessMark } from './process-mark.js';

/** The file that says who works with the cluster of a folder. */
export const LOCK_FILE = 'lock';
const ANSWERS_WITHIN_MS = 10_000;
const clock = new SystemClock();

/**
 * Runs something while nobody else starts, ends or drills the cluster of this folder. A folder that is empty afterwards is
 * removed.
 *
 * @throws {@link CliError} where somebody does, or the folder cannot be used.
 */
export async function withLock<T>(folder: string, run: () => Promise<T>): Promise<T> {
  await prepare(folder);
  const path = join(folder, LOCK_FILE);
  takeLock(path, folder);
  try {
    return await run();
  } finally {
    rmSync(path, { force: true });
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}

async function prepare(folder: string): Promise<void> {
  const late = (): CliError => unusable(folder, `no answer for ${String(ANSWERS_WITHIN_MS)} ms`);
  try {
    await answerWithin(makeFolder(folder), atDeadline(clock, ANSWERS_WITHIN_MS, late));
  } catch (error) {
    throw error instanceof CliError ? error : unusable(folder, codeOf(error) ?? 'unknown');
  }
}

function unusable(folder: string, reason: string): CliError {
  return new CliError(
    `${folder} cannot be used: ${reason}`,
    'Name a folder on a disk that this user may write to, with --folder',
  );
}

function takeLock(path: string, folder: string): void {
  const mine = JSON.stringify(markOf(process.pid));
  if (tryToWrite(path, mine, folder)) return;
  const holder = readHolder(path);
  if (holder !== null && stateOf(holder) !== 'gone') {
    throw new CliError(
      `Process ${String(holder.pid)} works with the cluster in ${folder}`,
      'Wait until it has ended',
    );
  }
  // It was killed.
  rmSync(path, { force: true });
  if (tryToWrite(path, mine, folder)) return;
  throw new CliError(`Somebody else works with the cluster in ${folder}`, 'Try again');
}

function tryToWrite(path: string, text: string, folder: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    throw unusable(folder, code ?? 'unknown');
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
