// @ts-check
// `npm test`: installs what is missing, runs all tests, ends with one line `N passed, N failed`.
// `--project failover` runs one kind. Other arguments go to Jest: npm test -- --testNamePattern "kills the primary"
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureProgram, howToInstall } from './lib/ensure-programs.mjs';
import { moreServers } from './lib/more-servers.mjs';
import { at } from './lib/paths.mjs';
import { stopChildrenOnSignals } from './lib/processes.mjs';
import { PROJECTS, testGroups } from './test/groups.mjs';
import { runJest } from './test/jest-run.mjs';
import { slowestFiles } from './test/slowest.mjs';

/**
 * Wanted by some tests only: where they cannot be had these are skipped, and that is said.
 * @type {readonly { program: import('./lib/ensure-programs.mjs').ProgramName, title: string }[]}
 */
const EXTRAS = [
  { program: 'postgres', title: 'a real PostgreSQL' },
  { program: 'prometheus', title: 'a real Prometheus' },
  { program: 'alertmanager', title: 'a real Alertmanager' },
  { program: 'redis-exporter', title: 'the exporter of Redis' },
  { program: 'kubectl', title: 'kubectl' },
  { program: 'tmux', title: 'a terminal (tmux)' },
  { program: 'zsh', title: 'zsh' },
  { program: 'haproxy', title: 'a real HAProxy' },
];

const { only, jestArguments } = readArguments(process.argv.slice(2));
const isEverything = jestArguments.length === 0;
const total = { passed: 0, failed: 0 };
/** @type {import('./test/jest-run.mjs').FileTime[]} */
const files = [];

/**
 * Takes `--project NAME` out of the arguments; the rest is for Jest.
 * @param {readonly string[]} given
 * @returns {{ only: string | undefined, jestArguments: readonly string[] }}
 */
function readArguments(given) {
  if (given[0] !== '--project') return { only: undefined, jestArguments: given };
  const [, only = '', ...jestArguments] = given;
  if (Object.keys(PROJECTS).includes(only)) return { only, jestArguments };
  console.error(`--project ${only} is not one of ${Object.keys(PROJECTS).join(', ')}.`);
  process.exit(1);
}

/**
 * @param {string} name - of a group or a project
 * @param {string} reason
 */
function fail(name, reason) {
  console.error(`\n${name}: ${reason}`);
  total.failed += 1;
}

/** @param {import('./test/groups.mjs').Group} group */
async function runGroup(group) {
  const startedAt = performance.now();
  const many = group.workers === 1 ? 'one file at a time' : `${group.workers} files at a time`;
  console.log(`\n== ${group.name}: ${group.projects.join(', ')}, ${many} ==`);
  const result = await runJest(group, jestArguments);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`-- ${group.name}: ${result.passed} passed, ${result.failed} failed, ${seconds} s`);
  total.passed += result.passed;
  total.failed += result.failed;
  files.push(...result.files);
  for (const problem of result.problems) fail(group.name, problem);
  const maySkip = process.env.TESTS_WITHOUT !== undefined;
  if (isEverything && result.skipped > 0 && !maySkip) {
    fail(group.name, `${result.skipped} tests were skipped`);
  }
}

/**
 * The groups, with these projects only.
 * @param {readonly string[]} projects
 */
function groupsOf(projects) {
  return testGroups()
    .map((group) => ({
      ...group,
      projects: group.projects.filter((project) => projects.includes(project)),
    }))
    .filter((group) => group.projects.length > 0);
}

stopChildrenOnSignals();
await ensureDependencies();
const redisServer = await ensureProgram('redis');
// Some tests run on each version that can be had.
const more = moreServers(at('.tmp', 'servers'));
process.env.TEST_REDIS_SERVERS = more.servers.join(',');
if (more.reason !== undefined) {
  console.error(`No other versions of Redis than those of this machine: ${more.reason}.`);
}
const without = [];
for (const extra of EXTRAS) {
  if ((await ensureProgram(extra.program)) === undefined) without.push(extra);
}
// Where everything is checked nothing may be left out: without this variable those tests fail.
if (without.length > 0 && process.env.CI === undefined) {
  process.env.TESTS_WITHOUT = without.map(({ program }) => program).join(',');
}
const wanted = Object.entries(PROJECTS).filter(([name]) => only === undefined || name === only);
const runnable = wanted
  .filter(([, { needsRedis }]) => redisServer !== undefined || !needsRedis)
  .map(([name]) => name);
for (const group of groupsOf(runnable)) await runGroup(group);
for (const [name, { suffix }] of wanted) {
  if (!runnable.includes(name)) fail(name, 'not run, redis-server is missing');
  // A project of which no file ran has lost its tests.
  else if (isEverything && !files.some(({ file }) => file.endsWith(suffix)))
    fail(name, 'no tests were found');
}
if (redisServer === undefined) {
  console.error(
    `\nThe tests that need Redis count as failed. To install it, type:\n\n    ${howToInstall('redis')}\n`,
  );
}
for (const { program, title } of without) {
  const end = process.env.CI === undefined ? 'were SKIPPED' : 'count as failed';
  console.error(
    `\nThe tests with ${title} ${end}. To install it, type:\n\n    ${howToInstall(program)}\n`,
  );
}
if (files.length > 0) console.log(`\n== slowest files ==\n${slowestFiles(files)}`);
if (total.passed + total.failed === 0) fail('tests', 'none was run');
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
