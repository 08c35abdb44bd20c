// @ts-check
// Measures the code below a folder: size, length of functions, names and folders.
//
//   node scripts/measure-house.mjs                         backend/src/redis of this repository
//   node scripts/measure-house.mjs --root <folder>         another one
//   node scripts/measure-house.mjs --compare <folder>      before and after, that one being before
//   ... --json
//
// Production files are the TypeScript files that are neither specs nor declarations. A function counts when it has a
// name, or is given to something that has, and a block; its comment does not belong to its length. Names that are only
// passed on by an index.ts count where they are declared.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './house/measure.mjs';
import { markdownTable } from './lib/markdown-table.mjs';
import { at } from './lib/paths.mjs';

/** @typedef {import('./house/measure.mjs').Measures} Measures */

/** @type {[keyof Omit<Measures, 'filesByFolder'>, string][]} */
const ROWS = [
  ['files', 'production files'],
  ['lines', 'lines'],
  ['codeLines', 'lines of code'],
  ['longFiles', 'files with more than 300 lines'],
  ['functions', 'functions'],
  ['functionMedian', 'lines of a function, median'],
  ['functionP90', 'lines of a function, p90'],
  ['functionMax', 'lines of the longest function'],
  ['exportedNames', 'exported names, distinct'],
  ['exportedWords', 'words in exported names, distinct'],
  ['declaredNames', 'declared names, distinct'],
  ['anys', '`any`'],
  ['folders', 'folders with files'],
  ['fullestFolder', 'files in the fullest folder'],
];

const { root, compare, json } = readArguments();
const after = measure(root);
const before = compare === null ? null : measure(compare);
if (json) console.log(JSON.stringify(before === null ? after : { before, after }, null, 2));
else
  print(
    before === null
      ? [['', after]]
      : [
          ['before', before],
          ['after', after],
        ],
  );

/** @param {[string, Measures][]} columns */
function print(columns) {
  const titles = columns.map(([title]) => title);
  const rows = ROWS.map(([field, name]) => [name, ...columns.map(([, found]) => found[field])]);
  console.log(markdownTable(['measure', ...titles], rows));
  const folders = new Set(columns.flatMap(([, { filesByFolder }]) => Object.keys(filesByFolder)));
  const files = [...folders]
    .sort()
    .map((folder) => [
      `\`${folder}\``,
      ...columns.map(([, found]) => found.filesByFolder[folder] ?? '–'),
    ]);
  console.log(`\n${markdownTable(['files in', ...titles], files)}`);
}

/** Ends the script with a plain message when they cannot be used. */
function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        root: { type: 'string', default: at('backend', 'src', 'redis') },
        compare: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      root: existing('--root', values.root),
      compare: values.compare === undefined ? null : existing('--compare', values.compare),
      json: values.json,
    };
  } catch (error) {
    console.error(`measure-house: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

/**
 * @param {string} option
 * @param {string} folder
 */
function existing(option, folder) {
  if (existsSync(folder)) return resolve(folder);
  throw new Error(`${option} takes a folder, and there is none at ${folder}`);
}
