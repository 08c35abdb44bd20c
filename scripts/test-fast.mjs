// @ts-check
// `npm run test:fast`: types and unit tests, side by side; ends with one line. Arguments go to Jest.
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { at, root } from './lib/paths.mjs';
import { run, stopChildrenOnSignals } from './lib/processes.mjs';
import { testGroups } from './test/groups.mjs';
import { runJest } from './test/jest-run.mjs';

const TYPES_LIMIT_MS = 180_000;
/** What TypeScript found out last time: with it, only what has changed is looked at. */
const REMEMBERED = at('node_modules', '.cache', 'test-fast.tsbuildinfo');

/** Resolves with whether the types are right; shows what is wrong with them. */
async function checkTypes() {
  const { code, stdout, stderr, timedOut } = await run(
    process.execPath,
    [
      at('node_modules', 'typescript', 'bin', 'tsc'),
      ...['--noEmit', '-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', REMEMBERED],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeoutMs: TYPES_LIMIT_MS },
  );
  if (code !== 0) process.stderr.write(stdout + stderr);
  if (timedOut) console.error(`types: stopped after ${TYPES_LIMIT_MS / 60_000} minutes`);
  return code === 0;
}

/** Resolves with the result of the unit tests. */
async function runUnitTests() {
  const busy = testGroups().find(({ name }) => name === 'busy');
  if (busy === undefined) throw new Error('there is no group for unit tests');
  const result = await runJest({ ...busy, projects: ['unit'] }, process.argv.slice(2));
  for (const problem of result.problems) console.error(`unit: ${problem}`);
  if (result.passed + result.failed === 0) console.error('unit: no tests were run');
  return result;
}

stopChildrenOnSignals();
await ensureDependencies();
const startedAt = performance.now();
const [areTypesRight, { passed, failed, problems }] = await Promise.all([
  checkTypes(),
  runUnitTests(),
]);
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
console.log(
  `\n${passed} passed, ${failed} failed, types ${areTypesRight ? 'right' : 'WRONG'}, ${seconds} s`,
);
const isGood = areTypesRight && passed > 0 && failed === 0 && problems.length === 0;
process.exitCode = isGood ? 0 : 1;
