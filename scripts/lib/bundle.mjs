// @ts-check
// The package in few files: one for each entry, and one for what several entries need. Finding and reading 300 files is
// most of what a first `require` costs, and test runners do it again for each file of tests.
import { isAbsolute, join, posix } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const SHARED = 'shared';

/** The folder of the program's parts, of which each command reads its own. */
const PROGRAM = 'cli';

/** What the program needs of one entry. */
const PARTS = 'parts';

// What TypeScript writes for decorators begins with `this && this.__decorate`, which is undefined in every module. And
// types name others that no entry exports, such as those of private parts of options.
const EXPECTED = new Set(['THIS_IS_UNDEFINED', 'PLUGIN_WARNING']);

/** @param {string} id */
const isOutside = (id) => !id.startsWith('.') && !isAbsolute(id);

/** @type {import('rollup').LogHandlerWithDefault} */
const refuse = (level, { code = '', message }) => {
  if (level !== 'debug' && !EXPECTED.has(code)) throw new Error(`bundle: ${message}`);
};

/**
 * Which modules leave the entry that needs them: what several entries need becomes the shared file, and what the program
 * needs of one entry a file beside that, so that nobody reads the program with an entry, nor an entry with the program.
 * @param {string} from the folder of the entries
 * @param {string[]} entries
 * @param {string | undefined} program
 * @returns {import('rollup').GetManualChunk}
 */
function partsOf(from, entries, program) {
  /** @type {{ entry: string, modules: Set<string> }[] | undefined} */
  let needs;
  /** @type {Set<string>} */
  let ofProgram = new Set();
  return (id, { getModuleInfo }) => {
    const info = (/** @type {string} */ one) => getModuleInfo(one);
    needs ??= entries.map((entry) => ({
      entry,
      modules: reached(join(from, entry), (one) => info(one)?.importedIds ?? []),
    }));
    if (program !== undefined && ofProgram.size === 0) {
      ofProgram = reached(program, (one) => [
        ...(info(one)?.importedIds ?? []),
        ...(info(one)?.dynamicallyImportedIds ?? []),
      ]);
    }
    const [first, ...others] = needs.filter(({ modules }) => modules.has(id));
    if (first === undefined) return undefined;
    if (others.length > 0) return SHARED;
    return ofProgram.has(id) ? posix.join(posix.dirname(first.entry), PARTS) : undefined;
  };
}

/**
 * @param {string} entry
 * @param {(id: string) => readonly string[]} importedBy
 */
function reached(entry, importedBy) {
  const modules = new Set([entry]);
  // A set hands out what is added to it on the way.
  for (const id of modules) for (const imported of importedBy(id)) modules.add(imported);
  return modules;
}

/**
 * Writes files below a folder as few, each module into exactly one. Peers and Node's own modules stay outside.
 * @param {string} from
 * @param {string} to
 * @param {{ entries: string[], program?: string | undefined, options: import('rollup').OutputOptions, plugins?: import('rollup').Plugin[] }} what
 *   entries such as `health/index.js`, relative to both folders
 */
async function write(from, to, { entries, program, options, plugins = [] }) {
  const input = Object.fromEntries(entries.map((entry) => [entry, join(from, entry)]));
  if (program !== undefined) input[`${PROGRAM}/program.js`] = program;
  const build = await rollup({ input, plugins, external: isOutside, onLog: refuse });
  await build.write({
    dir: to,
    exports: 'named',
    entryFileNames: '[name]',
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    manualChunks: partsOf(from, entries, program),
    ...options,
  });
  await build.close();
}

/**
 * Compiled ESM as CommonJS.
 * @param {string} from the folder of the compiled modules
 * @param {string} to
 * @param {{ entries: string[], program?: string | undefined }} what entries such as `health/index.js`, relative to both folders, and
 *   the module that the program begins with
 */
export async function bundleCode(from, to, { entries, program }) {
  /** @type {import('rollup').OutputOptions} */
  const options = {
    format: 'cjs',
    esModule: true,
    // Node reads the names of exports from the text, and knows no arrow functions there.
    generatedCode: { arrowFunctions: false, constBindings: true, objectShorthand: true },
    chunkFileNames: nameOfPart,
  };
  await write(from, to, { entries, program, options });
}

/** @param {import('rollup').PreRenderedChunk} part */
function nameOfPart({ name }) {
  const isOfLibrary = name === SHARED || name.endsWith(PARTS);
  return isOfLibrary ? `${name}.js` : `${PROGRAM}/${name.replace('.command', '')}.js`;
}

/**
 * The types, as far as an entry leads to them.
 * @param {string} from the folder of the compiled modules
 * @param {string} to
 * @param {string[]} entries such as `health/index.d.ts`, relative to both folders
 */
export async function bundleTypes(from, to, entries) {
  /** @type {import('rollup').OutputOptions} */
  const options = { format: 'es', chunkFileNames: '[name].d.ts' };
  await write(from, to, { entries, options, plugins: [dts()] });
}
