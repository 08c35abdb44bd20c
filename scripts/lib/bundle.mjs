// @ts-check
// The package in few files: one for each entry, and one for what several entries need. Finding and reading 300 files is
// most of what a first `require` costs, and test runners do it again for each file of tests.
import { isAbsolute, join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const SHARED = 'shared';

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
 * Which modules become the shared file.
 * @param {string[]} entries
 * @returns {import('rollup').GetManualChunk}
 */
function sharedBetween(entries) {
  /** @type {Set<string>[] | undefined} */
  let needs;
  return (id, { getModuleInfo }) => {
    const importedBy = (/** @type {string} */ one) => getModuleInfo(one)?.importedIds ?? [];
    needs ??= entries.map((entry) => reached(entry, importedBy));
    return needs.filter((modules) => modules.has(id)).length > 1 ? SHARED : undefined;
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
 * @param {{ entries: string[], options: import('rollup').OutputOptions, plugins?: import('rollup').Plugin[] }} what
 *   entries such as `health/index.js`, relative to both folders
 */
async function write(from, to, { entries, options, plugins = [] }) {
  const paths = entries.map((entry) => join(from, entry));
  const input = Object.fromEntries(entries.map((entry) => [entry, join(from, entry)]));
  const build = await rollup({ input, plugins, external: isOutside, onLog: refuse });
  await build.write({
    dir: to,
    exports: 'named',
    entryFileNames: '[name]',
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    manualChunks: sharedBetween(paths),
    ...options,
  });
  await build.close();
}

/**
 * Compiled ESM as CommonJS.
 * @param {string} from the folder of the compiled modules
 * @param {string} to
 * @param {string[]} entries such as `health/index.js`, relative to both folders
 */
export async function bundleCode(from, to, entries) {
  /** @type {import('rollup').OutputOptions} */
  const options = {
    format: 'cjs',
    esModule: true,
    // Node reads the names of exports from the text, and knows no arrow functions there.
    generatedCode: { arrowFunctions: false, constBindings: true, objectShorthand: true },
    chunkFileNames: '[name].js',
  };
  await write(from, to, { entries, options });
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
