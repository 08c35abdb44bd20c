// @ts-check
// The ESM side of the package: its entries name what the CommonJS side has, and hold no code of their own. So there is
// one copy of each class however it is loaded, and what watches `require`, as tracing does, sees ioredis being loaded.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import ts from 'typescript';

/**
 * The names that a module exports as values.
 * @param {string} path of compiled ESM
 */
function namesIn(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022);
  return source.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return [];
    const clause = statement.exportClause;
    if (clause === undefined || !ts.isNamedExports(clause)) {
      throw new Error(`${path}: only exports by name can be passed on`);
    }
    return clause.elements.map(({ name }) => name.text);
  });
}

/**
 * Puts entries in the place of the compiled ESM below `esm`. Its types stay.
 * @param {string} lib the folder that holds `esm` and `cjs`
 * @param {string[]} entries relative to `lib`, such as `esm/health/index.js`
 */
export function writeEsmEntries(lib, entries) {
  const names = new Map(entries.map((entry) => [entry, namesIn(join(lib, entry))]));
  for (const file of readdirSync(join(lib, 'esm'), { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.js')) rmSync(join(lib, 'esm', file));
  }
  for (const [entry, exported] of names) {
    const target = entry.replace(/^esm\//, 'cjs/');
    const from = relative(posix.dirname(entry), target).replaceAll('\\', '/');
    writeFileSync(join(lib, entry), `export {\n  ${exported.join(',\n  ')},\n} from '${from}';\n`);
  }
}
