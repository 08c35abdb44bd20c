// @ts-check
// The tests that pages name, as in `some.spec.ts`: "what it says", "what else it says".
import { titlesIn } from './test-titles.mjs';

const NAMED = /`([\w./-]+spec\.ts)`((?:[:,]?(?: and)? "[^"]+")*)/g;
const QUOTED = /"([^"]+)"/g;

/** Checks that each named test is there, and that each promise in a table names one. */
export class TestNames {
  /** How many names were checked. */
  count = 0;
  /** @type {Map<string, readonly string[]>} */
  #titles = new Map();
  #paths;
  #read;

  /**
   * @param {readonly string[]} paths of all files of tests
   * @param {(path: string) => string} read
   */
  constructor(paths, read) {
    this.#paths = paths;
    this.#read = read;
  }

  /**
   * @param {string} page its path
   * @param {string} text
   * @returns {string[]}
   */
  problemsIn(page, text) {
    const bare = rowsWithoutTest(text);
    const missing = numbersWithoutRow(text).map(
      ({ line, number }) =>
        `${page}:${line + 1}: promise ${number} has no row in the table of tests`,
    );
    const found = text.split('\n').flatMap((line, index) => {
      const found = [...line.matchAll(NAMED)].flatMap(([, file = '', names = '']) =>
        this.#problemsOf(file, names),
      );
      if (bare.has(index)) found.push('this promise names no test');
      return found.map((problem) => `${page}:${index + 1}: ${problem}`);
    });
    return [...missing, ...found];
  }

  /**
   * @param {string} file
   * @param {string} names
   */
  #problemsOf(file, names) {
    const found = this.#paths.filter((path) => path === file || path.endsWith(`/${file}`));
    const [path] = found;
    if (path === undefined) return [`no such file of tests: ${file}`];
    if (found.length > 1) return [`there are several files of this name: ${file}`];
    const titles = this.#titlesOf(path);
    const wanted = [...names.matchAll(QUOTED)].map(([, name = '']) => name);
    this.count += wanted.length;
    return wanted
      .filter((name) => !isAmong(name, titles))
      .map((name) => `${file} has no test "${name}"`);
  }

  /** @param {string} path */
  #titlesOf(path) {
    const titles = this.#titles.get(path) ?? titlesIn(this.#read(path));
    this.#titles.set(path, titles);
    return titles;
  }
}

/**
 * The lines of tables whose column "Test" names no test, from 0.
 * @param {string} text
 */
function rowsWithoutTest(text) {
  /** @type {Set<number>} */
  const bare = new Set();
  let column = -1;
  text.split('\n').forEach((line, index) => {
    const cells = line.startsWith('|') ? line.split('|').map((cell) => cell.trim()) : [];
    if (cells.length === 0) column = -1;
    else if (column < 0) column = cells.indexOf('Test');
    else if (!/^[:-]+$/.test(cells[column] ?? '') && !/spec\.ts`: "/.test(cells[column] ?? '')) {
      bare.add(index);
    }
  });
  return bare;
}

/**
 * The numbered promises of a section that a table below them, "Promise" and "Test", leaves out.
 * @param {string} text
 */
function numbersWithoutRow(text) {
  /** @type {{ line: number, number: string }[]} */
  const open = [];
  /** @type {Set<string>} */
  const rows = new Set();
  /** @type {{ line: number, number: string }[]} */
  const missing = [];
  let isInTable = false;
  for (const [line, content] of [...text.split('\n'), ''].entries()) {
    const number = /^(\d+)\. /.exec(content)?.[1];
    if (number !== undefined) open.push({ line, number });
    if (/^## /.test(content)) open.length = 0;
    if (/^\| Promise +\| Test +\|$/.test(content)) isInTable = true;
    if (!isInTable) continue;
    const row = /^\| (\d+) +\|/.exec(content)?.[1];
    if (row !== undefined) rows.add(row);
    if (content.startsWith('|')) continue;
    if (rows.size > 0) missing.push(...open.filter((one) => !rows.has(one.number)));
    isInTable = false;
    rows.clear();
  }
  return missing;
}

/**
 * Whether a name is that of a test; `…` in it stands for anything.
 * @param {string} name
 * @param {readonly string[]} titles
 */
function isAmong(name, titles) {
  const parts = name.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const wanted = new RegExp(`^${parts.join('.*')}$`, 's');
  return titles.some((title) => wanted.test(title));
}
