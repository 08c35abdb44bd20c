// @ts-check
// Checks what the documents claim: links and anchors resolve, commands exist, data can be parsed, each error code has
// its section, each test that is named is there, and nothing belongs to one person's machine.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { examplesOf } from './docs/examples.mjs';
import { otherBlocksOf, problemsOfBlock } from './docs/other-blocks.mjs';
import { problemsOfCompose } from './docs/compose-blocks.mjs';
import { stepsOf } from './docs/page-steps.mjs';
import { CHANGE_NAMES } from './docs/printed.mjs';
import { TestNames } from './docs/test-names.mjs';
import { TREE_PAGE, TREE_PICTURE, treeAsSvg, withTree } from './docs/trouble-tree.mjs';
import { report } from './lib/check-lines.mjs';
import { isAbsolute, linksIn } from './lib/markdown.mjs';
import { PAGES, textOf } from './lib/pages.mjs';
import { at, root } from './lib/paths.mjs';

/** @type {string[]} */
const problems = [];
const counted = { links: 0, commands: 0, blocks: 0, typed: 0, examples: 0, codes: 0, tests: 0 };
/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8');

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git', '.tmp']);

/**
 * Every file below a folder, as a path from the root.
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    });
}

const everything = filesBelow('.');
/** @param {RegExp} pattern */
const filesLike = (pattern) => everything.filter((file) => pattern.test(file));

/**
 * The anchors of a Markdown file, made the way GitHub makes them.
 * @param {string} file
 */
function anchors(file) {
  const text = read(file).replace(/^(```|~~~)[\s\S]*?^\1\s*$/gm, '');
  const seen = new Map();
  const headings = [...text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = '']) => {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  const explicit = [...text.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)].map(([, name]) => name);
  return new Set([...headings, ...explicit]);
}

/**
 * @param {string} file
 * @param {string} link
 */
function checkLink(file, link) {
  if (isAbsolute(link)) return;
  counted.links += 1;
  const [path = '', anchor] = decodeURI(link).split('#');
  const target = path === '' ? file : relative(root, join(root, dirname(file), path));
  if (!existsSync(join(root, target))) {
    problems.push(`${file}: no such file: ${link}`);
    return;
  }
  if (anchor === undefined || anchor === '' || !target.endsWith('.md')) return;
  if (statSync(join(root, target)).isFile() && !anchors(target).has(anchor)) {
    problems.push(`${file}: no such heading: ${link}`);
  }
}

/** @param {string} file */
function checkLinks(file) {
  for (const link of linksIn(read(file))) checkLink(file, link);
}

const scripts = JSON.parse(read('package.json')).scripts;

/**
 * `npm run X` anywhere in a page, and files that a line of shell runs.
 * @param {string} file
 */
function checkCommands(file) {
  const text = read(file);
  for (const [, name = ''] of text.matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:.-]*)/g)) {
    counted.commands += 1;
    if (!(name in scripts)) problems.push(`${file}: package.json has no script "${name}"`);
  }
  for (const [, path = ''] of text.matchAll(
    /\b(?:bash|node|sh) ((?:\.ci|scripts|ops)\/[\w./-]*\w)/g,
  )) {
    counted.commands += 1;
    if (!existsSync(at(path))) problems.push(`${file}: no such file: ${path}`);
  }
}

/** The variables that a table of a page explains, and those of the Compose file. */
function knownVariables() {
  const tables = markdown.flatMap((file) => read(file).match(/^\|.*$/gm) ?? []);
  const compose = ['redis-sentinel.env.example', 'docker-compose.redis-sentinel.yml'].map(read);
  return new Set(
    [...tables, ...compose].flatMap((text) => text.match(/\bREDIS_[A-Z0-9_]+\b/g) ?? []),
  );
}

async function checkBlocks() {
  const known = {
    read,
    isFile: (/** @type {string} */ path) => existsSync(at(path)),
    variables: knownVariables(),
  };
  for (const file of markdown) {
    const page = read(file);
    for (const block of otherBlocksOf(page)) {
      counted.blocks += 1;
      for (const problem of await problemsOfBlock(block, page, known)) {
        problems.push(`${file}:${block.at}: ${problem}`);
      }
    }
  }
}

/** Whether examples can be run, and come out, is seen by `npm run test:pack`. */
function checkExamples() {
  for (const page of PAGES) {
    const { examples, problems: found } = examplesOf(page, textOf(page));
    counted.examples += examples.length;
    problems.push(...found);
  }
}

/** That commands end and print as the page says is seen by `typed-pages.failover-spec.ts` and by the run of Compose. */
function checkTypedBlocks() {
  const composed = filesLike(/^backend\/test\/compose\/.*\.mjs$/).map(read);
  for (const page of markdown.filter((path) => /^docs\/(operations|runbooks)\//.test(path))) {
    const { steps, problems: found } = stepsOf(page, read(page));
    problems.push(...found);
    for (const step of steps) {
      if (step.kind === 'run') counted.typed += 1;
      if (step.kind === 'compose') problems.push(...problemsOfCompose(step, composed));
      const unknown = step.shown?.but.filter((name) => !CHANGE_NAMES.includes(name)) ?? [];
      problems.push(...unknown.map((name) => `${page}:${step.at}: "${name}" cannot differ`));
    }
  }
}

/** The picture of the decision tree and the list below it come from one source. */
function checkTree() {
  const page = read(TREE_PAGE);
  if (page === withTree(page) && read(TREE_PICTURE) === treeAsSvg()) return;
  problems.push(`${TREE_PAGE}: the tree is not what is drawn now: npm run draw:trouble`);
}

function checkErrorCodes() {
  const catalogue = read('backend/src/redis/base/errors/error-catalogue.ts');
  const codes = [...catalogue.matchAll(/readonly code = '([A-Z_]+)'/g)].map(
    ([, code = '']) => code,
  );
  counted.codes = codes.length;
  const page = 'docs/errors.md';
  if (!existsSync(at(page))) {
    problems.push(`${page} is missing`);
    return;
  }
  const sections = [...read(page).matchAll(/^## `?([A-Z_]+)`?\s*$/gm)].map(([, code = '']) => code);
  for (const code of codes) {
    if (!sections.includes(code)) problems.push(`${page}: no section "## ${code}"`);
  }
  for (const code of sections) {
    if (!codes.includes(code)) problems.push(`${page}: "## ${code}" is no error of the catalogue`);
  }
}

function checkTestNames() {
  const tests = new TestNames(filesLike(/spec\.ts$/), read);
  for (const page of markdown) problems.push(...tests.problemsIn(page, read(page)));
  counted.tests = tests.count;
}

// Written in pieces, so that this file does not find itself.
/** @type {[what: string, pattern: RegExp][]} */
const FORBIDDEN = [
  [
    'a path of one machine',
    /(^|[\s"'`(=])\/(home\/(?!linuxbrew|node)|Users\/|work\/|root\/)[\w.-]/,
  ],
  ['a path of one machine', new RegExp('(^|[\\s"\'`(=])/' + 'tmp/[a-z]')],
  ['the address of a package registry', new RegExp('https?://' + 'registry\\.')],
];

/** @param {string} file */
function checkForbidden(file) {
  read(file)
    .split('\n')
    .forEach((line, index) => {
      for (const [what, pattern] of FORBIDDEN) {
        if (pattern.test(line))
          problems.push(`${file}:${index + 1}: ${what}: ${line.trim().slice(0, 80)}`);
      }
    });
}

const markdown = filesLike(/\.md$/);
markdown.forEach(checkLinks);
markdown.forEach(checkCommands);
await checkBlocks();
checkExamples();
checkTypedBlocks();
checkTree();
checkErrorCodes();
checkTestNames();
filesLike(/\.(md|ts|[cm]?js|json|ya?ml|sh|conf|example)$|Dockerfile|^\.ci\/run$/)
  .filter((file) => file !== 'package-lock.json')
  .forEach(checkForbidden);
report(
  'docs',
  problems,
  `${markdown.length} pages, ${counted.links} links, ${counted.commands} commands, ${counted.blocks} blocks, ${counted.typed} typed, ${counted.examples} examples, ${counted.codes} error codes, ${counted.tests} tests`,
);
