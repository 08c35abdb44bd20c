// @ts-check
// The applications of examples/, built against the packed library, and run: each starts a cluster of its own, kills its
// primary, and ends with 0. All of them are installed in one folder, since that takes a seventh of the time; that each one
// names what it imports is the business of backend/test/architecture/examples.spec.ts.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../lib/paths.mjs';
import { capture, check, verdict } from './verdicts.mjs';

/** @typedef {{ dependencies: Record<string, string>, devDependencies: Record<string, string>, overrides?: Record<string, object> }} Manifest */

const SOURCE = at('examples');
const LIBRARY = 'nestjs-redis-ha';
/** Most of the time of each is waiting for a failover. */
const AT_ONCE = 3;

const names = readdirSync(SOURCE, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** @param {string} name @returns {Manifest} */
const manifestOf = (name) => JSON.parse(readFileSync(join(SOURCE, name, 'package.json'), 'utf8'));

/**
 * One folder with all of them in it, and what they need together.
 * @param {string} scratch
 * @param {string} library
 */
export function makeExamplesFolder(scratch, library) {
  const folder = join(scratch, 'examples');
  mkdirSync(folder);
  for (const name of names) cpSync(join(SOURCE, name), join(folder, name), { recursive: true });
  const manifests = names.map(manifestOf);
  const together = {
    name: 'examples',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.assign({}, ...manifests.map(({ dependencies }) => dependencies)),
      [LIBRARY]: library,
    },
    devDependencies: Object.assign({}, ...manifests.map(({ devDependencies }) => devDependencies)),
    overrides: Object.assign({}, ...manifests.map(({ overrides }) => overrides)),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(together, null, 2));
  const [first = ''] = names;
  const tsconfig = JSON.parse(readFileSync(join(SOURCE, first, 'tsconfig.json'), 'utf8'));
  tsconfig.compilerOptions.rootDir = '.';
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ ...tsconfig, include: ['*/*.ts'] }, null, 2),
  );
  return folder;
}

/** @param {string} folder @param {string} name */
async function runOne(folder, name) {
  const startedAt = performance.now();
  const { code, stdout, stderr, timedOut } = await capture(
    process.execPath,
    [join('built', name, 'main.js')],
    { cwd: folder },
  );
  // What the library logs of the failover is for people.
  const told = stdout.split('\n').filter((line) => line !== '' && !line.includes('[Nest]'));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const problem = timedOut ? 'stopped, it took too long' : `exit code ${code}`;
  verdict(
    `${name}, ${seconds} s: ${told.join(' ')}`,
    code === 0 ? undefined : `${problem}\n${stdout}${stderr}`,
  );
}

/** Compiles and runs them. @param {string} folder */
export async function runExampleFolders(folder) {
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(folder, 'tsconfig.json');
  if (!(await check(`${names.length} examples compile`, process.execPath, [tsc, '-p', project])))
    return;
  const left = [...names];
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift())
      await runOne(folder, name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
