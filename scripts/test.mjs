// @ts-check
// `npm test`: installs what is missing, runs the four test projects, ends with one line `N passed, N failed`.
// Arguments after `--` go to Jest: npm test -- --testNamePattern "kills the primary"
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureProgram, howToInstall } from './lib/ensure-programs.mjs';
import { at, root } from './lib/paths.mjs';
import { start, stop, stopChildrenOnSignals } from './lib/processes.mjs';

const MINUTE = 60_000;
const PROJECTS = [
  { name: 'unit', needsRedis: false, limitMs: 4 * MINUTE },
  { name: 'integration', needsRedis: true, limitMs: 6 * MINUTE },
  { name: 'failover', needsRedis: true, limitMs: 12 * MINUTE },
  { name: 'e2e', needsRedis: true, limitMs: 8 * MINUTE },
];
/** How long Jest may take to end after its last test: longer means that something was left open. */
const EXIT_GRACE_MS = 20_000;

/** Wanted by some tests only: where they cannot be had these are skipped, and that is said. */
const EXTRAS = { postgres: 'a real PostgreSQL', prometheus: 'a real Prometheus' };

/** @typedef {(typeof PROJECTS)[number]} Project */
/** @typedef {keyof typeof EXTRAS} Extra */

const jestArguments = process.argv.slice(2);
const outputs = mkdtempSync(join(tmpdir(), 'redis-ha-test-'));
const total = { passed: 0, failed: 0 };

/**
 * @param {Pick<Project, 'name'>} project
 * @param {string} reason
 */
function fail(project, reason) {
  console.error(`\n${project.name}: ${reason}`);
  total.failed += 1;
}

/**
 * Waits for Jest to end; resolves with a reason when it had to be stopped.
 * @param {import('./lib/processes.mjs').Started} child
 * @param {Project} project
 * @param {string} output
 */
async function waitFor(child, project, output) {
  const startedAt = Date.now();
  /** @type {number | undefined} */
  let finishedAt;
  /** @type {string | undefined} */
  let reason;
  const watch = setInterval(() => {
    const now = Date.now();
    if (finishedAt === undefined && existsSync(output)) finishedAt = now;
    if (reason !== undefined) return;
    if (now - startedAt > project.limitMs)
      reason = `stopped after ${project.limitMs / MINUTE} minutes`;
    if (finishedAt !== undefined && now - finishedAt > EXIT_GRACE_MS) {
      reason = 'Jest did not exit after the last test: a test left something open';
    }
    if (reason !== undefined) void stop(child);
  }, 250);
  const { code } = await child.ended;
  clearInterval(watch);
  return { code, reason };
}

/** @param {Project} project */
async function runProject(project) {
  console.log(`\n== ${project.name} tests ==`);
  const output = join(outputs, `${project.name}.json`);
  const child = start(
    process.execPath,
    [
      at('node_modules', 'jest', 'bin', 'jest.js'),
      ...['--selectProjects', project.name, '--json', '--outputFile', output],
      ...(project.needsRedis ? ['--runInBand'] : []),
      ...jestArguments,
    ],
    // Jest prints its JSON on stdout too; the file is enough.
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const { code, reason } = await waitFor(child, project, output);
  if (reason !== undefined) fail(project, reason);
  if (!existsSync(output)) {
    if (reason === undefined) fail(project, `no result: Jest ended with code ${code}`);
    return;
  }
  const result = JSON.parse(readFileSync(output, 'utf8'));
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.passed += result.numPassedTests;
  total.failed += failed;
  if (reason !== undefined || failed > 0) return;
  const skipped = result.numPendingTests + result.numTodoTests;
  const everything = jestArguments.length === 0;
  const maySkip = process.env.TESTS_WITHOUT !== undefined;
  if (everything && result.numTotalTests === 0) fail(project, 'no tests were found');
  else if (everything && skipped > 0 && !maySkip) fail(project, `${skipped} tests were skipped`);
  else if (everything && code !== 0) fail(project, `Jest ended with code ${code}`);
}

stopChildrenOnSignals();
await ensureDependencies();
const redisServer = await ensureProgram('redis');
/** @type {Extra[]} */
const without = [];
for (const name of /** @type {Extra[]} */ (Object.keys(EXTRAS))) {
  if ((await ensureProgram(name)) === undefined) without.push(name);
}
// Where everything is checked nothing may be left out: without this variable those tests fail.
if (without.length > 0 && process.env.CI === undefined) {
  process.env.TESTS_WITHOUT = without.join(',');
}
for (const project of PROJECTS) {
  if (project.needsRedis && redisServer === undefined)
    fail(project, 'not run, redis-server is missing');
  else await runProject(project);
}
rmSync(outputs, { recursive: true, force: true });
if (redisServer === undefined) {
  console.error(
    `\nThe tests that need Redis count as failed. To install it, type:\n\n    ${howToInstall('redis')}\n`,
  );
}
for (const name of without) {
  const end = process.env.CI === undefined ? 'were SKIPPED' : 'count as failed';
  console.error(
    `\nThe tests with ${EXTRAS[name]} ${end}. To install it, type:\n\n    ${howToInstall(name)}\n`,
  );
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
