// @ts-check
// npm does not always pass on the signal that ends it. A script that must leave nothing running watches for its end.
import { spawnSync } from 'node:child_process';

const LOOK_EVERY_MS = 500;

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * @param {number} pid
 * @param {string} field
 */
function askPs(pid, field) {
  const { stdout } = spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' });
  return (stdout ?? '').trim();
}

/**
 * Calls back once when this script was started by `npm run` and that npm, or the shell between them, is gone.
 * @param {() => void} callback
 */
export function whenNpmEnds(callback) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const isShell = /(^|\/)(sh|bash|dash) -c /.test(askPs(parent, 'args'));
  const watched = isShell ? [parent, Number(askPs(parent, 'ppid'))] : [parent];
  const timer = setInterval(() => {
    if (process.ppid === parent && watched.every(isAlive)) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}
