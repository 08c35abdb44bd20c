// @ts-check
// The blocks of pages that are no programs: data must be data, and what is to be typed must be there.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { at } from '../lib/paths.mjs';

/**
 * @typedef {object} Block
 * @property {string} language
 * @property {string} code
 * @property {number} at the line of the page on which it begins
 */

/**
 * @typedef {object} Known what blocks may name
 * @property {ReadonlySet<string>} variables
 * @property {(path: string) => boolean} isFile
 * @property {(path: string) => string} read a file
 */

const FENCE =
  /^(?<indent> *)```(?<language>json|ya?ml|sh|bash)\n(?<code>[\s\S]*?)^\k<indent>```/dgm;
const OWN_PROGRAM = 'nestjs-redis-ha';
const OWN_COMMAND = /(?:\bnpx nestjs-redis-ha|dist\/app\/cli\/program\.js) ([a-z][\w-]*)([^|;&]*)/;
/** @type {string | undefined} */
let ownSources;
const COMPOSE_FILE = 'docker-compose.redis-sentinel.yml';

/**
 * @param {string} page its text
 * @returns {Block[]}
 */
export function otherBlocksOf(page) {
  return [...page.matchAll(FENCE)].map(({ groups = {}, indices }) => ({
    language: (groups['language'] ?? '').replace('yml', 'yaml'),
    code: (groups['code'] ?? '').replace(new RegExp(`^${groups['indent']}`, 'gm'), ''),
    at: page.slice(0, indices?.groups?.['code']?.[0]).split('\n').length,
  }));
}

/** @param {unknown} error */
const firstLine = (error) => String(error).split('\n')[0] ?? '';

/** @param {Block} block */
async function problemsOfData({ language, code }) {
  try {
    if (language === 'json') JSON.parse(code);
    else await format(code, { parser: 'yaml' });
    return [];
  } catch (error) {
    return [`this is no ${language}: ${firstLine(error)}`];
  }
}

/** @param {string} code */
function problemsOfSyntax(code) {
  const { status, stderr, error } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
  if (error !== undefined) return [`bash cannot be run: ${error.message}`];
  return status === 0 ? [] : [`this is no shell: ${stderr.trim()}`];
}

/** @param {string} code @param {Known} known */
function problemsOfVariables(code, { variables }) {
  const set = [...code.matchAll(/(?:^|[\s;(]|name: )(REDIS_[A-Z0-9_]+)(?:=|$)/gm)];
  return set
    .map(([, name = '']) => name)
    .filter((name) => !variables.has(name))
    .map((name) => `no table of variables has ${name}`);
}

/**
 * The options that a line gives to a script of ours must stand in that script.
 * @param {string} line
 * @param {Known} known
 */
function problemsOfScript(line, { isFile, read }) {
  const [, path, rest = ''] =
    /\b(?:bash|sh|node) ((?:\.ci|scripts|ops|backend)\/[\w./-]+)(.*)/.exec(line) ?? [];
  if (path === undefined || !isFile(path)) return [];
  const options = rest.match(/(?<=\s)--[a-z][\w-]*/g) ?? [];
  return options
    .filter((option) => !read(path).includes(option))
    .map((option) => `${path} has no option ${option}`);
}

/**
 * Files and services that a line gives to Docker Compose; a file may be shown by the page itself.
 * @param {string} line
 * @param {string} page
 * @param {Known} known
 */
function problemsOfCompose(line, page, { isFile, read }) {
  if (!/\bdocker compose\b/.test(line)) return [];
  const files = [...line.matchAll(/(?:-f|--env-file) (\S+\.\S+)/g)].map(([, file = '']) => file);
  const lost = files.filter(
    (file) => !isFile(file) && !isFile(`${file}.example`) && !page.includes(`\`${file}\`:`),
  );
  const services = line.match(/(?<=\s)(?:redis-(?!cli\b)|sentinel-|backend-)[\w-]+(?=\s|$)/g) ?? [];
  const unknown = services.filter(
    (service) => !new RegExp(`^  ${service}:`, 'm').test(`${read(COMPOSE_FILE)}\n${page}`),
  );
  return [
    ...lost.map((file) => `no such file: ${file}`),
    ...unknown.map((service) => `no such service: ${service}`),
  ];
}

/** What is run by `npx` must be installed by the same block, or here. @param {string} code @param {Known} known */
function problemsOfPrograms(code, { isFile }) {
  const installed = (code.match(/npm install .*/g) ?? []).join(' ').split(' ');
  return [...code.matchAll(/\bnpx ([\w@/-]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => name !== OWN_PROGRAM && !installed.includes(name))
    .filter((name) => !isFile(`node_modules/.bin/${name}`))
    .map((name) => `nothing brings the program ${name}`);
}

/** What is given to our own program: a command that there is, with options that some command has. @param {string} line */
function problemsOfOwnProgram(line) {
  const [, command = '', rest = ''] = OWN_COMMAND.exec(line) ?? [];
  if (command === '' || command === 'help') return [];
  const sources = (ownSources ??= readOwnSources());
  if (!sources.includes(`name: '${command}'`)) return [`${OWN_PROGRAM} has no command ${command}`];
  const options = rest.replace(/"[^"]*"/g, '').match(/(?<=\s)--[a-z][\w-]*/g) ?? [];
  return options
    .filter((option) => !new RegExp(`^\\s*'?${option.slice(2)}'?: \\{`, 'm').test(sources))
    .map((option) => `${OWN_PROGRAM} has no option ${option}`);
}

function readOwnSources() {
  const folder = at('backend', 'src', 'cli');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<![.]spec)[.]ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

/**
 * @param {Block} block
 * @param {string} page its text
 * @param {Known} known
 */
export async function problemsOfBlock(block, page, known) {
  const { language, code } = block;
  if (language === 'json') return problemsOfData(block);
  if (language === 'yaml')
    return [...(await problemsOfData(block)), ...problemsOfVariables(code, known)];
  const lines = code.replace(/\\\n/g, ' ').split('\n');
  return [
    ...problemsOfSyntax(code),
    ...problemsOfVariables(code, known),
    ...problemsOfPrograms(code, known),
    ...lines.flatMap((line) => [
      ...problemsOfScript(line, known),
      ...problemsOfOwnProgram(line),
      ...problemsOfCompose(line, page, known),
    ]),
  ];
}
