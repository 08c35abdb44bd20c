// @ts-check
// Measures all production files below a folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from './read-file.mjs';
import { distinctWords } from './words.mjs';

const MANY_LINES = 300;
const PRODUCTION = /(?<![.-]spec|\.d)\.[cm]?ts$/;
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git']);

/** @typedef {ReturnType<typeof measure>} Measures */

/** @param {string} root */
export function measure(root) {
  const files = filesBelow(root);
  const facts = files.map((file) => readFile(file, readFileSync(join(root, file), 'utf8')));
  /** @type {(field: 'lines' | 'codeLines' | 'anys') => number} */
  const sum = (field) => facts.reduce((total, file) => total + file[field], 0);
  const functionLines = facts.flatMap((file) => file.functionLines).sort((a, b) => a - b);
  const exported = new Set(facts.flatMap((file) => file.exported));
  const folders = filesByFolder(files);
  return {
    files: files.length,
    lines: sum('lines'),
    codeLines: sum('codeLines'),
    longFiles: facts.filter(({ lines }) => lines > MANY_LINES).length,
    functions: functionLines.length,
    functionMedian: percentile(functionLines, 50),
    functionP90: percentile(functionLines, 90),
    functionMax: functionLines.at(-1) ?? 0,
    exportedNames: exported.size,
    exportedWords: distinctWords(exported).length,
    declaredNames: new Set(facts.flatMap((file) => file.declared)).size,
    anys: sum('anys'),
    folders: Object.keys(folders).length,
    fullestFolder: Math.max(0, ...Object.values(folders)),
    filesByFolder: folders,
  };
}

/**
 * Production files as paths from the folder, with `/`.
 * @param {string} root
 * @returns {string[]}
 */
function filesBelow(root, below = '') {
  return readdirSync(join(root, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : filesBelow(root, path);
      return PRODUCTION.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** @param {readonly string[]} files */
function filesByFolder(files) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const file of files) {
    const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '.';
    counts[folder] = (counts[folder] ?? 0) + 1;
  }
  return counts;
}

/**
 * The value at or below which so many percent of the values are.
 * @param {readonly number[]} sorted
 * @param {number} percent
 */
export function percentile(sorted, percent) {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0;
}
