// @ts-check
// Child processes that are waited for, bounded in time, and stopped by their own id.
import { spawn, spawnSync } from 'node:child_process';
import { whenNpmEnds } from './npm-parent.mjs';

const OUTPUT_GRACE_MS = 500;

/**
 * @typedef {object} End how a process ended
 * @property {number} code
 * @property {NodeJS.Signals | null} [signal]
 * @property {Error} [error] why it could not be started
 */

/**
 * @typedef {object} Promises
 * @property {Promise<End>} gone resolves when it has ended
 * @property {Promise<End>} ended the same, but never when this script is being ended: it must not go on to its next step
 */

/** @typedef {import('node:child_process').ChildProcess & Promises} Started */
/** @typedef {import('node:child_process').SpawnOptions} SpawnOptions */

/** @type {Set<Started>} */
const running = new Set();
/** @type {Promise<void> | undefined} */
let stopped;

/**
 * Starts a command in a process group of its own, so that it can be stopped with all it started.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {SpawnOptions} options
 * @returns {Started}
 */
export function start(command, args, options = {}) {
  const spawned = spawn(command, args, { stdio: 'inherit', detached: true, ...options });
  /** @type {Promise<End>} */
  const gone = new Promise((resolve) => {
    spawned.once('error', (error) => resolve({ code: 1, error }));
    spawned.once('exit', (code, signal) => {
      const end = () => resolve({ code: code ?? 1, signal });
      // What it wrote may still be on its way; something it left behind may hold the pipe open for ever.
      spawned.once('close', end);
      setTimeout(end, OUTPUT_GRACE_MS);
    });
  });
  const ended = gone.then((end) => (stopped === undefined ? end : new Promise(() => undefined)));
  const child = Object.assign(spawned, { gone, ended });
  running.add(child);
  void gone.then(() => running.delete(child));
  return child;
}

/**
 * Sends a signal to a child and everything in its group. Harmless when it is gone.
 * @param {Started} child
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/**
 * Asks a child to end, and ends it when it does not within `graceMs`.
 * @param {Started} child
 */
export async function stop(child, graceMs = 5_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
  await child.gone;
  clearTimeout(timer);
}

/**
 * Runs a command to its end. Resolves with the exit code and what it wrote, when `stdio` is a pipe.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {SpawnOptions & { timeoutMs?: number }} [options]
 */
export async function run(command, args, { timeoutMs, ...options } = {}) {
  const child = start(command, args, options);
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  let timedOut = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          void stop(child, 2_000);
        }, timeoutMs);
  const { code, error } = await child.ended;
  clearTimeout(timer);
  if (error !== undefined) output.stderr += String(error);
  return { ...output, code: timedOut ? 1 : code, timedOut };
}

/**
 * Stops every child that still runs.
 * @param {number} [graceMs]
 */
export async function stopAll(graceMs) {
  await Promise.all([...running].map((child) => stop(child, graceMs)));
}

/** Stops everything still running when this process is told to end. For scripts without a shutdown of their own. */
export function stopChildrenOnSignals() {
  const stopWith = (/** @type {number} */ code) => {
    stopped ??= stopAll().then(() => process.exit(code));
  };
  process.on('SIGINT', () => stopWith(130));
  process.on('SIGTERM', () => stopWith(143));
  whenNpmEnds(() => stopWith(143));
}

/**
 * The npm that runs this script, or the one in PATH: command and leading arguments.
 * @returns {[string, string[]]}
 */
export function npmCommand() {
  const own = process.env.npm_execpath;
  if (own !== undefined && /npm-cli\.c?js$/.test(own)) return [process.execPath, [own]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
}

/**
 * Whether a command can be found in PATH.
 * @param {string} name
 */
export function hasCommand(name) {
  const isWindows = process.platform === 'win32';
  const [finder, args] = isWindows ? ['where', [name]] : ['sh', ['-c', `command -v ${name}`]];
  return spawnSync(finder, args, { stdio: 'ignore' }).status === 0;
}
