// @ts-check
// Stages the installable package in dist/lib: backend/src/redis in CommonJS, the types that its entries lead to in both
// formats, entries in ESM, manifest, licence, readme.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { writeEsmEntries } from './lib/esm-entries.mjs';
import { isAbsolute, mapLinks } from './lib/markdown.mjs';
import { at } from './lib/paths.mjs';
import { keepReachableTypes } from './lib/reachable-types.mjs';

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
rmSync(at('dist', 'lib'), { recursive: true, force: true });
compile('tsconfig.lib-esm.json');
compile('tsconfig.lib-cjs.json');
/** @typedef {{ types: string, default: string }} Door */
/** @type {{ exports: Record<string, { import?: Door, require?: Door }> }} */
const { exports: doors } = JSON.parse(readFileSync(at('backend', 'package.json'), 'utf8'));
const imported = Object.values(doors).flatMap((door) => door.import ?? []);
const required = Object.values(doors).flatMap((door) => door.require ?? []);
/** @param {string} path */
const inLib = (path) => path.slice('./'.length);
writeEsmEntries(
  at('dist', 'lib'),
  imported.map((door) => inLib(door.default)),
);
keepReachableTypes(
  at('dist', 'lib'),
  [...imported, ...required].map((door) => inLib(door.types)),
);
removeComments(at('dist', 'lib', 'cjs'));
writeFileSync(at('dist', 'lib', 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
copyFileSync(at('backend', 'package.json'), at('dist', 'lib', 'package.json'));
copyFileSync(at('LICENSE'), at('dist', 'lib', 'LICENSE'));
writeFileSync(at('dist', 'lib', 'README.md'), packageReadme());
