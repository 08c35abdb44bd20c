// @ts-check
// Commands that are run to their end, and ports that are free.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { root } from '../../../../scripts/lib/paths.mjs';

// Below those of which the system gives one to each connection: it could be that of a node which is just restarted.
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;
/** @type {Set<number>} */
const given = new Set();

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * Free ports; none is given twice.
 * @param {number} count
 */
export async function freePorts(count) {
  /** @type {number[]} */
  const ports = [];
  while (ports.length < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
let isAborted = false;

/** Ends what runs and lets nothing more begin, but for cleaning up. */
export async function abortAll() {
  isAborted = true;
  const ended = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ended);
}

/**
 * Runs a command; rejects with what it wrote when it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, timeoutMs?: number, isCleanUp?: boolean }} options
 * @returns {Promise<string>}
 */
export function sh(command, args, { env, timeoutMs = 120_000, isCleanUp = false }) {
  if (isAborted && !isCleanUp) return Promise.reject(new Error('everything is being removed'));
  const child = spawn(command, args, {
    cwd: root,
    env,
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for this process: a clean-up that it would also reach leaves half of everything.
    detached: true,
  });
  running.add(child);
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve(output.stdout);
      const said = output.stderr.slice(-1500);
      return reject(new Error(`${command} ${args.join(' ')}: ${code}\n${said}`));
    });
  }).finally(() => running.delete(child));
}
