import * as disk from 'node:fs/promises';
import { hostname } from 'node:os';
import { codeOf } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import { newFileError, PRIVATE_MODE } from './journal-disk.js';

const BEAT_MS = 2_000;
const SILENCE_MS = 5_000;
const MAX_TRIES = 5;
// The locks of two journals in one process would name the same process.
const locked = new Set<string>();

/** Locks a file for this process. Returns a function that unlocks it. */
export async function lockFile(path: string, clock: Clock): Promise<() => Promise<void>> {
  const place = placeOf(path);
  if (locked.has(path)) throw newFileError(path, 'is open in this process already', 'Open it once');
  locked.add(path);
  const own = JSON.stringify({
    host: hostname(),
    pid: process.pid,
    startedAt: await startOf(process.pid),
  });
  try {
    await takeLock(path, own, clock);
  } catch (error) {
    locked.delete(path);
    throw error;
  }
  // For processes that cannot see whether this one is alive.
  const stop = clock.every(BEAT_MS, () => {
    const now = clock.wallTime() / 1_000;
    disk.utimes(place, now, now).catch(() => undefined);
  });
  return async () => {
    stop();
    if ((await textOf(place)) === own) await disk.rm(place, { force: true });
    locked.delete(path);
  };
}

function placeOf(path: string): string {
  return `${path}.lock`;
}

async function takeLock(path: string, own: string, clock: Clock): Promise<void> {
  const place = placeOf(path);
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    if (await putNew(place, own)) return;
    const theirs = await textOf(place);
    if (theirs === null) continue;
    if (await isHeld(place, theirs, clock)) break;
    await moveAway(place, theirs);
  }
  throw newFileError(
    path,
    'is in use by another process',
    `Give each process a file of its own; if none uses it, remove ${place}`,
  );
}

async function putNew(place: string, own: string): Promise<boolean> {
  try {
    await disk.writeFile(place, own, { flag: 'wx', mode: PRIVATE_MODE });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

// When two processes find a lock abandoned, the second must not move the new lock of the first.
async function moveAway(place: string, theirs: string): Promise<void> {
  const aside = `${place}.${String(process.pid)}`;
  if ((await textOf(place)) !== theirs) return;
  await disk.rename(place, aside).catch(() => undefined);
  if ((await textOf(aside)) !== theirs) await disk.link(aside, place).catch(() => undefined);
  await disk.rm(aside, { force: true });
}

async function isHeld(place: string, theirs: string, clock: Clock): Promise<boolean> {
  const { host, pid, startedAt } = parseLock(theirs);
  if (host !== hostname() || typeof pid !== 'number') {
    const before = await beatOf(place);
    await clock.sleep(SILENCE_MS);
    return (await beatOf(place)) !== before;
  }
  if (!isAlive(pid)) return false;
  const start = await startOf(pid);
  // Where start times are not known, our own process id in a lock means an earlier process: in a
  // container, every process has the same id.
  if (start === null || startedAt === null) return pid !== process.pid;
  return start === startedAt;
}

function parseLock(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

// Process ids are reused; the start time tells two processes apart. Linux only.
async function startOf(pid: number): Promise<string | null> {
  const text = await textOf(`/proc/${String(pid)}/stat`);
  return text?.slice(text.lastIndexOf(')')).split(' ')[20] ?? null;
}

async function beatOf(place: string): Promise<number> {
  return disk.stat(place).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

async function textOf(path: string): Promise<string | null> {
  return disk.readFile(path, 'utf8').catch(() => null);
}
