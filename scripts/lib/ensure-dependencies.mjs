// @ts-check
// Installs what package-lock.json asks for, when it is not there yet.
import { existsSync, readFileSync } from 'node:fs';
import { at, root } from './paths.mjs';
import { npmCommand, run } from './processes.mjs';

/** Ends the script with a plain message on a Node that cannot run Nest 12. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  if (fits) return;
  console.error(
    `Node ${process.versions.node} cannot run this: use 20.19 or newer, 22.12 or newer, or 24.`,
  );
  process.exit(1);
}

/** @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockedPackage */

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function packagesIn(file) {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).packages ?? {}) : {};
}

/** The packages that the lockfile names and node_modules does not hold in that version. */
function outdatedPackages() {
  const installed = packagesIn(at('node_modules', '.package-lock.json'));
  return Object.entries(packagesIn(at('package-lock.json')))
    .filter(([path, wanted]) => path !== '' && wanted.optional !== true && wanted.link !== true)
    .filter(([path, wanted]) => installed[path]?.version !== wanted.version)
    .map(([path]) => path);
}

/** Runs `npm ci` when node_modules is missing or differs from the lockfile. Ends the script when that fails. */
export async function ensureDependencies() {
  requireNode();
  const outdated = outdatedPackages();
  if (outdated.length === 0) return;
  console.log(
    `Installing dependencies: ${outdated.length} packages of package-lock.json are missing (npm ci) ...`,
  );
  const [npm, leading] = npmCommand();
  const { code } = await run(
    npm,
    [...leading, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root },
  );
  if (code === 0) return;
  console.error('\nnpm ci failed; its messages stand above. Mend that, or type: npm ci');
  process.exit(1);
}
