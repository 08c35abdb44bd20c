// Child processes that are waited for, bounded in time, and stopped by their own id.
import { spawn, spawnSync } from 'node:child_process';
import { whenNpmEnds } from './npm-parent.mjs';

const OUTPUT_GRACE_MS = 500;

const running = new Set();
let stopped;

/**
 * @typedef {{ code: number, signal?: NodeJS.Signals | null, error?: Error }} End
 * @typedef {import('node:child_process').ChildProcess & { gone: Promise<End>, ended: Promise<End> }} Child
 */

/**
 * Starts a command in a process group of its own, so that it can be stopped with all it started.
 * @returns {Child}
 */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', detached: true, ...options });
  child.gone = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, error }));
    child.once('exit', (code, signal) => {
      const end = () => resolve({ code: code ?? 1, signal });
      // What it wrote may still be on its way; something it left behind may hold the pipe open for ever.
      child.once('close', end);
      setTimeout(end, OUTPUT_GRACE_MS);
    });
  });
  running.add(child);
  void child.gone.then(() => running.delete(child));
  // A script that is being ended must not go on to its next step.
  child.ended = child.gone.then((end) =>
    stopped === undefined ? end : new Promise(() => undefined),
  );
  return child;
}

/** Sends a signal to a child and everything in its group. Harmless when it is gone. */
export function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/** Asks a child to end, and ends it when it does not within `graceMs`. */
export async function stop(child, graceMs = 5_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
  await child.gone;
  clearTimeout(timer);
}

/** Runs a command to its end. Resolves with the exit code and what it wrote, when `stdio` is a pipe. */
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

/** Stops every child that still runs. */
export async function stopAll(graceMs) {
  await Promise.all([...running].map((child) => stop(child, graceMs)));
}

/** Stops everything still running when this process is told to end. For scripts without a shutdown of their own. */
export function stopChildrenOnSignals() {
  const stopWith = (code) => {
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

/** Whether a command can be found in PATH. */
export function hasCommand(name) {
  const finder =
    process.platform === 'win32' ? ['where', [name]] : ['sh', ['-c', `command -v ${name}`]];
  return spawnSync(...finder, { stdio: 'ignore' }).status === 0;
}
