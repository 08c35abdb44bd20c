// @ts-check
// The ESM side of the package: its entries name what the CommonJS side has, and hold no code and no types of their own.
// So there is one copy of each class and one type of it, however the package is loaded, and what watches `require`, as
// tracing does, sees ioredis being loaded.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

/**
 * The names that a compiled entry exports, or that its types have.
 * @param {string} path
 */
function namesIn(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022);
  return source.statements.flatMap((statement) => {
    const clause = ts.isExportDeclaration(statement) ? statement.exportClause : undefined;
    if (clause === undefined || !ts.isNamedExports(clause)) {
      throw new Error(`${path}: only exports by name can be passed on`);
    }
    return clause.elements.map(({ name }) => name.text);
  });
}

/**
 * Writes an entry of the ESM side, and its types.
 * @param {string} compiled the folder of the compiled modules
 * @param {string} lib the folder that holds `esm` and `cjs`
 * @param {string} entry relative to both sides, such as `health/index.js`
 */
export function writeEsmDoor(compiled, lib, entry) {
  const from = posix.relative(posix.dirname(`esm/${entry}`), `cjs/${entry}`);
  mkdirSync(dirname(join(lib, 'esm', entry)), { recursive: true });
  for (const file of [entry, entry.replace(/\.js$/, '.d.ts')]) {
    const names = namesIn(join(compiled, file)).join(',\n  ');
    writeFileSync(join(lib, 'esm', file), `export {\n  ${names},\n} from '${from}';\n`);
  }
}
