// @ts-check
// The types that somebody who imports the package can get to. Those of the inner files are compiled with the others, and
// are read by nobody: no entry leads to them.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/**
 * The files of types that a file of types imports, or names with `import()`.
 * @param {string} file
 */
function importedBy(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(file), fileName.replace(/\.js$/, '.d.ts')));
}

/**
 * Takes away the types that no entry leads to.
 * @param {string} lib the folder that holds `esm` and `cjs`
 * @param {string[]} entries relative to `lib`, such as `esm/health/index.d.ts`
 */
export function keepReachableTypes(lib, entries) {
  const waiting = entries.map((entry) => join(lib, entry));
  const reachable = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const imported of importedBy(file)) {
      if (!existsSync(imported)) throw new Error(`${file} imports ${imported}, which is not there`);
      if (reachable.has(imported)) continue;
      reachable.add(imported);
      waiting.push(imported);
    }
  }
  for (const name of readdirSync(lib, { recursive: true, encoding: 'utf8' })) {
    const file = join(lib, name);
    if (file.endsWith('.d.ts') && !reachable.has(file)) rmSync(file);
  }
}
