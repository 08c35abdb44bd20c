import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync, type Options } from '@swc/core';

/** The folder `backend`. */
export const BACKEND = resolve(__dirname, '..', '..');

const SUPPORT = join('test', 'support');
const COMPILER: Options = {
  swcrc: false,
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};

/** A program that Node runs by itself. */
export interface CompiledProgram {
  /** To be removed in the end. */
  readonly directory: string;
  readonly entry: string;
}

/**
 * Writes the library and a program of this folder as JavaScript, in a directory of its own.
 *
 * @param files - the program, and what it imports of this folder
 */
export function compileProgram(...files: readonly [string, ...string[]]): CompiledProgram {
  const directory = mkdtempSync(join(tmpdir(), 'redis-ha-program-'));
  const sources = filesBelow(join(BACKEND, 'src', 'redis'));
  for (const source of [...sources, ...files.map((file) => join(BACKEND, SUPPORT, file))]) {
    const target = join(directory, relative(BACKEND, source)).replace(/\.ts$/, '.js');
    mkdirSync(dirname(target), { recursive: true });
    const options = { ...COMPILER, filename: source };
    writeFileSync(target, transformSync(readFileSync(source, 'utf8'), options).code);
  }
  return { directory, entry: join(directory, SUPPORT, files[0]).replace(/\.ts$/, '.js') };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!spec)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(join('redis', 'testing')));
}
