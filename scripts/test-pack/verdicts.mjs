// @ts-check
// What a run of test:pack has found so far: each check is a line, and counts.
import { AsyncLocalStorage } from 'node:async_hooks';
import { run } from '../lib/processes.mjs';

const MINUTE = 60_000;

export const total = { passed: 0, failed: 0 };

/** @type {AsyncLocalStorage<string[]>} */
const page = new AsyncLocalStorage();

/** Prints a line; inside {@link together} with the others of its group. @param {string} line */
export function say(line) {
  const lines = page.getStore();
  if (lines === undefined) console.log(line);
  else lines.push(line);
}

/**
 * Does the checks of one group. Groups run side by side, so what is said in one is printed when it ends, with its time.
 * @param {string} name
 * @param {() => Promise<void>} work
 */
async function together(name, work) {
  const startedAt = performance.now();
  /** @type {string[]} */
  const lines = [];
  try {
    await page.run(lines, work);
  } finally {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    console.log([`\n${name}, ${seconds} s`, ...lines].join('\n'));
  }
}

/**
 * Does groups of checks, so many at a time, in this order.
 * @param {[name: string, work: () => Promise<void>][]} groups
 * @param {number} atOnce
 */
export async function sideBySide(groups, atOnce) {
  const left = [...groups];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await together(...next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** @param {string} text */
const indent = (text) => text.trim().replace(/^/gm, '          ');

/**
 * Reports one check: it holds when there is no problem. Answers whether it held.
 * @param {string} name
 * @param {string | undefined} problem
 */
export function verdict(name, problem) {
  if (problem === undefined) total.passed += 1;
  else total.failed += 1;
  say(problem === undefined ? `  ok      ${name}` : `  FAILED  ${name}\n${indent(problem)}`);
  return problem === undefined;
}

/**
 * Reports one check that looks at many things: it holds when nothing is wrong with any.
 * @param {string} name
 * @param {string[]} problems
 */
export const verdictOn = (name, problems) =>
  verdict(name, problems.length === 0 ? undefined : problems.join('\n'));

/**
 * Runs a command, bounded in time, and keeps what it writes.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<{ code: number, stdout: string, stderr: string, timedOut: boolean }>}
 */
export const capture = (command, args, options) =>
  run(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeoutMs: 3 * MINUTE, ...options });

/**
 * A check that is a command: it holds when that ends with code 0.
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 */
export async function check(name, command, args, options = {}) {
  const { code, stdout, stderr, timedOut } = await capture(command, args, options);
  const problem = timedOut ? `stopped, it took too long\n${stdout}${stderr}` : `${stdout}${stderr}`;
  return verdict(name, code === 0 ? undefined : problem || `exit code ${code}`);
}
