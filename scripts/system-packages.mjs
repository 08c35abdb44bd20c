// @ts-check
// The programs that the tests use from outside of npm: installs what is missing where that is allowed, else says what
// to type and ends with code 1. The first step of .ci/run, before there is a node_modules.
import { ensurePrograms, howToInstall } from './lib/ensure-programs.mjs';
import { stopChildrenOnSignals } from './lib/processes.mjs';

stopChildrenOnSignals();
const missing = await ensurePrograms();
if (missing.length > 0) {
  console.error(
    `Missing: ${missing.join(', ')}. To install, type:\n\n    ${howToInstall(...missing)}\n`,
  );
  process.exitCode = 1;
}
