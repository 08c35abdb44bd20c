// @ts-check
// The examples of the pages: each block of TypeScript or JavaScript as a file, with what a comment above it says.

/**
 * Lines of a file, with the line of the page on which each stands.
 * @typedef {{ line: string, at: number }[]} Lines
 */

/**
 * @typedef {object} Example
 * @property {string} page
 * @property {string} name of its file
 * @property {Lines} lines
 * @property {Lines | undefined} run a function `run` behind them, which does something with it
 * @property {string | undefined} notRun why nothing is done with it
 */

/**
 * @typedef {object} Block
 * @property {string | undefined} word what the comment above it is about: `goes into`, `run` or `not run`
 * @property {string} said the rest of that comment
 * @property {number} saidAt its line
 * @property {string} language
 * @property {string} code
 * @property {number} codeAt its line
 */

/**
 * A fenced block, and the comment right above it:
 *
 *     <!-- goes into visits.failover-spec.ts -->   part of the example of that name
 *     <!-- run … -->                               what is done with it, in a scene (backend/test/packaging/examples)
 *     <!-- not run: … -->                          why nothing is
 */
const BLOCK =
  /(?:<!-- (?<word>goes into|run|not run):?(?<said>(?:(?!-->)[\s\S])*)-->\s*)?^(?<indent> *)```(?<language>ts|js)\n(?<code>[\s\S]*?)^\k<indent>```/dgm;
/** An example that another one imports, or that has parts, begins with its name: `// visits.service.ts`. */
const NAME = /^\/\/ ([\w.-]+\.[cm]?[jt]s)\n/;
/** Marks where the parts go. */
const PLACE = /^ *\/\/ The tests below go here\.$/m;

/**
 * @param {string} page its text
 * @returns {Block[]}
 */
function blocksOf(page) {
  return [...page.matchAll(BLOCK)].map(({ groups = {}, indices }) => {
    const { word, said = '', indent = '', language = '', code = '' } = groups;
    const lineOf = (/** @type {string} */ group) =>
      page.slice(0, indices?.groups?.[group]?.[0] ?? 0).split('\n').length;
    const plain = code.replace(new RegExp(`^${indent}`, 'gm'), '').replace(/\n$/, '');
    return { word, said, saidAt: lineOf('said'), language, code: plain, codeAt: lineOf('code') };
  });
}

/**
 * @param {string} text
 * @param {number} from
 * @returns {Lines}
 */
const linesOf = (text, from) => text.split('\n').map((line, index) => ({ line, at: from + index }));

/**
 * The lines of a block, with its parts where they go.
 * @param {Block} block
 * @param {Block[]} parts
 * @returns {Lines}
 */
function wholeOf({ code, codeAt }, parts) {
  const inserted = parts.flatMap((part) => linesOf(part.code, part.codeAt));
  return linesOf(code, codeAt).flatMap((one) => (PLACE.test(one.line) ? inserted : [one]));
}

/** What a scene has for examples: backend/test/packaging/consumer/scene.ts. */
const PROPS = ['redis', 'cache', 'sessions', 'cluster', 'start', 'printed', 'text', 'signal'];

/**
 * What is done with an example, as a function of the same file, so that it sees all of it.
 * @param {Block} block
 * @returns {Lines | undefined}
 */
function runOf({ word, said, saidAt, language, code }) {
  if (word !== 'run') return undefined;
  const isTaken = (/** @type {string} */ name) =>
    new RegExp(`^(export |declare )*(const|function) ${name}\\b`, 'm').test(code);
  const props = `{ ${PROPS.filter((name) => !isTaken(name)).join(', ')} }`;
  const scene = "import('../../scene.js').Scene";
  const opening =
    language === 'ts'
      ? [`export async function run(${props}: ${scene}): Promise<void> {`]
      : [`/** @param {${scene}} scene */`, `export async function run(${props}) {`];
  const around = (/** @type {string[]} */ lines) => lines.map((line) => ({ line, at: saidAt }));
  return [
    ...around(["import assert from 'node:assert/strict';", ...opening]),
    ...linesOf(said, saidAt),
    ...around(['}']),
  ];
}

/** The pages whose examples are files of an application with a test runner (scripts/test-pack/unit-tests.mjs). */
export const TESTED_PAGES = ['docs/testing-your-application.md', 'docs/testing.md'];

/** @param {Lines} lines */
export const textOfLines = (lines) => lines.map(({ line }) => `${line}\n`).join('');

/**
 * The examples of a page as files, and what is wrong with the comments above them.
 * @param {string} page its path
 * @param {string} text
 * @returns {{ examples: Example[], problems: string[] }}
 */
export function examplesOf(page, text) {
  const blocks = blocksOf(text);
  const parts = blocks.filter(({ word }) => word === 'goes into');
  const whole = blocks.filter(({ word }) => word !== 'goes into');
  const taken = new Set();
  const examples = whole.map((block, index) => {
    const ending = block.language === 'ts' ? 'ts' : 'mjs';
    const name = NAME.exec(block.code)?.[1] ?? `example-${index + 1}.${ending}`;
    const own = parts.filter(({ said }) => said.trim() === name && PLACE.test(block.code));
    own.forEach((part) => taken.add(part));
    const notRun = block.word === 'not run' ? block.said.trim() : undefined;
    return { page, name, lines: wholeOf(block, own), run: runOf(block), notRun };
  });
  const homeless = parts
    .filter((part) => !taken.has(part))
    .map(({ said, codeAt }) => `${page}:${codeAt}: no example has a place for ${said.trim()}`);
  const unsaid = whole
    .filter(({ word }) => word === undefined && !TESTED_PAGES.includes(page))
    .map(({ codeAt }) => `${page}:${codeAt}: no comment says how this is run, or why it is not`);
  return { examples, problems: [...homeless, ...unsaid] };
}
