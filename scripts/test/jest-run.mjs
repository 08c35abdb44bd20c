// @ts-check
// One run of Jest: bounded in time, and with a result that says what was wrong with it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, root } from '../lib/paths.mjs';
import { start, stop } from '../lib/processes.mjs';

/**
 * How long Jest may take to end after its last test: longer means that something was left open. In its workers Jest
 * does not wait for that; there environment.cjs sees it.
 */
const EXIT_GRACE_MS = 20_000;
const LEFT_OPEN =
  'Jest did not exit after the last test: a test left something open. To find it: ' +
  'npx jest --runInBand --detectOpenHandles FILE';

/**
 * @typedef {object} FileTime
 * @property {string} file - absolute path
 * @property {number} ms
 *
 * @typedef {object} JestResult
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {readonly string[]} problems - what went wrong besides failed tests
 * @property {readonly FileTime[]} files
 */

/**
 * Waits for Jest to end; resolves with a reason when it had to be stopped.
 * @param {ReturnType<typeof start>} child
 * @param {string} output
 * @param {number} limitMs
 * @returns {Promise<{ code: number, reason: string | undefined }>}
 */
async function waitFor(child, output, limitMs) {
  const startedAt = performance.now();
  /** @type {number | undefined} */
  let finishedAt;
  /** @type {string | undefined} */
  let reason;
  const watch = setInterval(() => {
    const now = performance.now();
    if (finishedAt === undefined && existsSync(output)) finishedAt = now;
    if (reason !== undefined) return;
    if (finishedAt === undefined && now - startedAt > limitMs) {
      reason = `stopped after ${limitMs / 60_000} minutes`;
    }
    if (finishedAt !== undefined && now - finishedAt > EXIT_GRACE_MS) reason = LEFT_OPEN;
    if (reason !== undefined) void stop(child);
  }, 250);
  const { code } = await child.ended;
  clearInterval(watch);
  return { code, reason };
}

/**
 * @param {import('./groups.mjs').Group} group
 * @param {string} output
 * @param {readonly string[]} jestArguments
 */
function startJest(group, output, jestArguments) {
  return start(
    process.execPath,
    [
      at('node_modules', 'jest', 'bin', 'jest.js'),
      ...['--selectProjects', ...group.projects, '--json', '--outputFile', output],
      ...['--maxWorkers', String(group.workers), '--passWithNoTests'],
      ...jestArguments,
    ],
    {
      cwd: root,
      env: { ...process.env, TESTS_QUIET: group.quiet },
      // Jest prints its JSON on stdout too; the file is enough.
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}

/**
 * Runs a group of tests to its end.
 * @param {import('./groups.mjs').Group} group
 * @param {readonly string[]} jestArguments - what the user gave
 * @returns {Promise<JestResult>}
 */
export async function runJest(group, jestArguments) {
  const folder = mkdtempSync(join(tmpdir(), 'redis-ha-test-'));
  const output = join(folder, 'result.json');
  try {
    const child = startJest(group, output, jestArguments);
    const { code, reason } = await waitFor(child, output, group.limitMs);
    const problems = reason === undefined ? [] : [reason];
    if (!existsSync(output)) {
      if (problems.length === 0) problems.push(`no result: Jest ended with code ${code}`);
      return { passed: 0, failed: 0, skipped: 0, problems, files: [] };
    }
    const result = JSON.parse(readFileSync(output, 'utf8'));
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    if (code !== 0 && failed === 0 && problems.length === 0) {
      problems.push(`Jest ended with code ${code}`);
    }
    return {
      passed: result.numPassedTests,
      failed,
      skipped: result.numPendingTests + result.numTodoTests,
      problems,
      files: result.testResults.map(timeOf),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {{ name: string, startTime: number, endTime: number }} file
 * @returns {FileTime}
 */
function timeOf({ name, startTime, endTime }) {
  return { file: name, ms: endTime - startTime };
}
