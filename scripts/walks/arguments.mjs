// @ts-check
// What `npm run count:walks` can be told, and what it says when it was told something else.
import { parseArgs } from 'node:util';
import { WALKS } from './walks.mjs';
import { summarise } from './usual-walk.mjs';

const DEFAULT_RUNS = 15;
const MAX_RUNS = 1_000;

/**
 * @typedef {import('./walks.mjs').WalkName} WalkName
 * @typedef {object} Wanted
 * @property {string | null} lib the folder of another built package
 * @property {boolean} build whether to build first
 * @property {boolean} json
 * @property {WalkName | null} list the one walk whose functions are shown
 * @property {number} runs how often each call is covered
 * @property {ReadonlyMap<WalkName, number>} max how many functions a walk may have
 */

/** Something about the arguments is wrong; the message says what and what to type. */
export class UsageError extends Error {}

/** How to call it. */
export function usage() {
  const walks = Object.entries(WALKS).map(([name, { title }]) => `  ${name.padEnd(16)} ${title}`);
  return [
    'npm run count:walks -- [options]',
    '',
    '  --build          build dist/lib first; without it only when it is missing',
    '  --lib <folder>   count in the package built there, instead of dist/lib',
    '  --json           as JSON instead of Markdown',
    '  --list <walk>    the functions of one walk',
    `  --runs <number>  how often each call is covered, ${DEFAULT_RUNS} unless given`,
    '  --max <limits>   fail when a walk has more functions: redis.get=80,health=90',
    '',
    'The walks:',
    ...walks,
  ].join('\n');
}

/**
 * The arguments as a plan; `null` when only help is wanted.
 * @param {string[]} argv
 * @returns {Wanted | null}
 */
export function parseArguments(argv) {
  const { help, lib, build, json, list, runs, max } = valuesOf(argv);
  if (help) return null;
  if (build && lib !== undefined) {
    throw new UsageError('--build builds dist/lib: give it or --lib, not both');
  }
  if (list !== undefined && (json || max.length > 0)) {
    throw new UsageError('--list shows one walk as text: give it without --json and --max');
  }
  return {
    lib: lib ?? null,
    build,
    json,
    list: list === undefined ? null : walkNamed(list),
    runs: runs === undefined ? DEFAULT_RUNS : wholeNumber('--runs', runs, MAX_RUNS),
    max: parseLimits(max),
  };
}

/** @param {string[]} args */
function valuesOf(args) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        build: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        lib: { type: 'string' },
        list: { type: 'string' },
        runs: { type: 'string' },
        max: { type: 'string', multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Limits such as `redis.get=80,health=90`.
 * @param {readonly string[]} given
 * @returns {Map<WalkName, number>}
 */
function parseLimits(given) {
  const limits = given.flatMap((list) => list.split(','));
  return new Map(
    limits.map((limit) => {
      const [name = '', number, ...rest] = limit.split('=');
      if (number === undefined || rest.length > 0) {
        throw new UsageError(`--max takes walks with their limits, redis.get=80, not "${limit}"`);
      }
      return [walkNamed(name), wholeNumber(`--max ${name}`, number)];
    }),
  );
}

/**
 * @param {string} name
 * @returns {WalkName}
 */
function walkNamed(name) {
  if (Object.hasOwn(WALKS, name)) return /** @type {WalkName} */ (name);
  throw new UsageError(`"${name}" is no walk; there are ${Object.keys(WALKS).join(', ')}`);
}

/**
 * @param {string} option
 * @param {string} text
 */
function wholeNumber(option, text, max = 1_000_000) {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
  throw new UsageError(`${option} takes a whole number from 1 to ${max}, not "${text}"`);
}

/**
 * What is to be said about walks with more functions than they may have.
 * @param {ReadonlyMap<WalkName, readonly import('./usual-walk.mjs').Visit[]>} walks
 * @param {ReadonlyMap<WalkName, number>} limits
 */
export function exceeded(walks, limits) {
  return [...limits].flatMap(([name, limit]) => {
    const { functions } = summarise(walks.get(name) ?? []);
    if (functions <= limit) return [];
    return [`${name} has ${functions} functions, and may have ${limit}`];
  });
}
