// @ts-check
// Every example of the pages, in an application that has the package: all are compiled, and run unless the page says
// why not. What is done with an example stands in a comment above it (scripts/docs/examples.mjs).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { examplesOf, TESTED_PAGES, textOfLines } from '../docs/examples.mjs';
import { PAGES, textOf } from '../lib/pages.mjs';
import { runAndExit } from './run-and-exit.mjs';
import { capture, say, verdict } from './verdicts.mjs';

/** @typedef {import('../docs/examples.mjs').Example} Example */
/** @typedef {Example & { path: string }} Placed an example and its path in the application */

/** Of some fifty examples, one after the other. */
const LONGEST_MS = 120_000;

const ERROR = /^(?<path>examples\/\S+?)\((?<line>\d+),\d+\): (?<what>error TS\d+: .*)$/;

/** @param {Example} example */
const pathOf = ({ page, name }) =>
  join('examples', page.replace(/\.md$/, '').replace(/\W+/g, '-'), name);

/** @param {string[]} pages */
const examplesIn = (pages) =>
  pages
    .flatMap((page) => examplesOf(page, textOf(page)).examples)
    .map((one) => ({
      ...one,
      path: pathOf(one),
    }));

/** @param {string} folder @param {Placed[]} examples */
function write(folder, examples) {
  for (const { path, lines, run = [] } of examples) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), textOfLines([...lines, ...run]));
  }
  const toRun = examples.flatMap(({ page, path, lines, run }) => {
    if (run === undefined) return [];
    const places = [...lines, ...run].map(({ at }) => at);
    return { page, file: path.replace(/ts$/, 'js'), text: textOfLines(lines), places };
  });
  writeFileSync(join(folder, 'examples.json'), JSON.stringify(toRun));
  return toRun.length;
}

/** A line of the compiler, as said of the page. @param {string} line @param {Placed[]} examples */
function inPage(line, examples) {
  const { path, line: row, what } = ERROR.exec(line)?.groups ?? {};
  const example = examples.find((one) => one.path === path);
  const place = [...(example?.lines ?? []), ...(example?.run ?? [])][Number(row) - 1];
  return place === undefined ? line : `${example?.page}:${place.at}: ${what}`;
}

/**
 * Writes, compiles and runs them.
 * @param {string} folder of the application
 * @param {import('./run-and-exit.mjs').NodeBinary} node
 * @param {string} [page] only those of this one
 */
export async function tryExamples(folder, node, page) {
  const examples = examplesIn(page === undefined ? PAGES : [page]);
  const count = write(folder, examples);
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, stdout, stderr } = await capture(
    process.execPath,
    [tsc, '-p', join(folder, 'tsconfig.examples.json'), '--pretty', 'false'],
    { cwd: folder },
  );
  const said = `${stdout}${stderr}`.split('\n').map((line) => inPage(line, examples));
  if (!verdict(`${examples.length} examples compile`, code === 0 ? undefined : said.join('\n')))
    return;
  const isThere = await runAndExit(
    node,
    ['--enable-source-maps', 'built/run-examples.js'],
    folder,
    LONGEST_MS,
  );
  const tested = examples.filter((one) => TESTED_PAGES.includes(one.page)).length;
  if (isThere) say(`          run here: ${count}, run in applications with unit tests: ${tested}`);
  for (const one of examples) {
    if (one.notRun !== undefined)
      say(`          not run: ${one.page}:${one.lines[0]?.at}: ${one.notRun}`);
  }
}
