// @ts-check
// Stages the installable package in dist/lib: backend/src/redis and the program of backend/src/cli bundled in CommonJS, the
// types that the entries lead to, entries in ESM, manifest, licence, readme.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minifySync } from '@swc/core';
import ts from 'typescript';
import { bundleCode, bundleTypes } from './lib/bundle.mjs';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { writeEsmDoor } from './lib/esm-doors.mjs';
import { isAbsolute, mapLinks } from './lib/markdown.mjs';
import { at } from './lib/paths.mjs';

/** @param {string} project */
function compile(project) {
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', at(project)], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`build: tsc -p ${project} failed`);
    process.exit(1);
  }
}

/**
 * Takes the comments out of the code: they stand in the types, where editors show them, and would be shipped
 * twice more. Everything else stays as it was compiled.
 * @param {string} folder
 */
function removeComments(folder) {
  const compilerOptions = {
    removeComments: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
  };
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue;
    const path = `${folder}/${name}`;
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions });
    writeFileSync(path, outputText);
  }
}

/**
 * Writes the program short: nobody reads its stack, and each application downloads it. The library stays as it is read.
 * @param {string} folder
 */
function shorten(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const { code } = minifySync(readFileSync(path, 'utf8'), { compress: true, mangle: true });
    writeFileSync(path, code);
  }
}

/**
 * The README as the page of the package. The documents are not in it, so links lead to the repository: to `main`,
 * since a version need not have a tag there when somebody reads its page.
 */
function packageReadme() {
  const { homepage } = JSON.parse(readFileSync(at('backend', 'package.json'), 'utf8'));
  return mapLinks(readFileSync(at('README.md'), 'utf8'), (target) =>
    isAbsolute(target) || target.startsWith('#') ? target : `${homepage}/blob/main/${target}`,
  );
}

await ensureDependencies();
const compiled = at('dist', 'compiled');
const lib = at('dist', 'lib');
rmSync(compiled, { recursive: true, force: true });
rmSync(lib, { recursive: true, force: true });
compile('tsconfig.lib.json');
/** @type {{ exports: Record<string, { require?: { types: string, default: string } }> }} */
const { exports: doors } = JSON.parse(readFileSync(at('backend', 'package.json'), 'utf8'));
const required = Object.values(doors).flatMap((door) => door.require ?? []);
/** @param {string} path */
const inCjs = (path) => path.slice('./cjs/'.length);
const entries = required.map((door) => inCjs(door.default));
const library = join(compiled, 'redis');
const cjs = join(lib, 'cjs');
await bundleCode(library, cjs, { entries, program: join(compiled, 'cli', 'program.js') });
removeComments(cjs);
shorten(join(cjs, 'cli'));
await bundleTypes(
  library,
  cjs,
  required.map((door) => inCjs(door.types)),
);
for (const entry of entries) writeEsmDoor(library, lib, entry);
rmSync(compiled, { recursive: true });
writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
copyFileSync(at('backend', 'package.json'), join(lib, 'package.json'));
copyFileSync(at('LICENSE'), join(lib, 'LICENSE'));
writeFileSync(join(lib, 'README.md'), packageReadme());
