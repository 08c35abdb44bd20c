// @ts-check
// Commands that are run to their end, and ports that are free.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { root } from '../../../../scripts/lib/paths.mjs';

/**
 * Free ports, held open together until all are known, so that none is given twice.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
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
