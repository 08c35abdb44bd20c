import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync, type Options } from '@swc/core';

/** The folder `backend`. */
export const BACKEND = resolve(__dirname, '..', '..');

const SUPPORT = join('test', 'support');
const SOURCES = join(BACKEND, 'src');
const LIBRARY = join(SOURCES, 'redis');
const TESTING = join(LIBRARY, 'testing');
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
 * Writes the library and a program of this folder as JavaScript, in a directory of its own; with what benches and the
 * program of the package measure with.
 *
 * @param files - the program, and what it imports of this folder
 */
export function compileProgram(...files: readonly [string, ...string[]]): CompiledProgram {
  const directory = mkdtempSync(join(tmpdir(), 'redis-ha-program-'));
  const library = filesBelow(LIBRARY).filter((path) => !path.startsWith(TESTING));
  const program = files.map((file) => join(BACKEND, SUPPORT, file));
  const measure = filesBelow(join(SOURCES, 'cli', 'measure'));
  compileTo(directory, BACKEND, [...library, ...measure, ...program]);
  return { directory, entry: join(directory, SUPPORT, files[0]).replace(/\.ts$/, '.js') };
}

/** Writes the program with all its commands as JavaScript, and what these read of the library and the sample. */
export function compileCommands(): CompiledProgram {
  const directory = mkdtempSync(join(tmpdir(), 'redis-ha-commands-'));
  const sources = [LIBRARY, join(SOURCES, 'cli'), join(SOURCES, 'app', 'cost')].flatMap(filesBelow);
  // A command, and the module of an application, are read when they are used: by `import`, which Node has in CommonJS, too.
  const module = { type: 'commonjs', ignoreDynamic: true } as const;
  compileTo(directory, BACKEND, sources, { ...COMPILER, module });
  return { directory, entry: join(directory, 'src', 'cli', 'program.js') };
}

/** Writes some rooms of the library as JavaScript, and a script beside them that may require them. */
export function compileRooms(
  rooms: readonly string[],
  script: { readonly name: string; readonly text: string },
): CompiledProgram {
  const directory = mkdtempSync(join(tmpdir(), 'redis-ha-rooms-'));
  compileTo(
    directory,
    LIBRARY,
    rooms.flatMap((room) => filesBelow(join(LIBRARY, room))),
  );
  const entry = join(directory, script.name);
  writeFileSync(entry, script.text);
  return { directory, entry };
}

function compileTo(
  directory: string,
  root: string,
  sources: readonly string[],
  compiler: Options = COMPILER,
): void {
  for (const source of sources) {
    const target = join(directory, relative(root, source)).replace(/\.ts$/, '.js');
    mkdirSync(dirname(target), { recursive: true });
    const options = { ...compiler, filename: source };
    writeFileSync(target, transformSync(readFileSync(source, 'utf8'), options).code);
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!spec)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
