// @ts-check
// Stages the installable package in dist/lib: ESM and CommonJS of backend/src/redis, manifest, licence, readme.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** @param {string[]} parts */
const at = (...parts) => join(root, ...parts);
const staged = at('dist', 'lib');

/** @param {string} project */
function compile(project) {
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', at(project)], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`build: tsc -p ${project} failed`);
    process.exit(1);
  }
}

rmSync(staged, { recursive: true, force: true });
compile('tsconfig.lib-esm.json');
compile('tsconfig.lib-cjs.json');
writeFileSync(join(staged, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
copyFileSync(at('backend', 'package.json'), join(staged, 'package.json'));
for (const file of ['LICENSE', 'README.md']) {
  if (existsSync(at(file))) copyFileSync(at(file), join(staged, file));
}
