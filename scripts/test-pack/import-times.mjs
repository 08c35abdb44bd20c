// @ts-check
// How long the first import of each entry takes, in a process of its own. Reported and never judged: the machine is
// shared, so what it says is the ratio to @nestjs/common, which is imported in turn with the rest.
import { capture } from './verdicts.mjs';

const RUNS = 3;
const YARDSTICK = '@nestjs/common';
// What every entry but `testing` imports as well, and an application has loaded before.
const BESIDE_IT = ['@nestjs/core', 'ioredis'];

const FORMS = [
  {
    form: 'import',
    type: 'module',
    load: (/** @type {string} */ name) => `await import('${name}')`,
  },
  { form: 'require', type: 'commonjs', load: (/** @type {string} */ name) => `require('${name}')` },
];

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/**
 * @param {string} folder
 * @param {string} name
 * @param {(typeof FORMS)[number]} how
 */
async function once(folder, name, { type, load }) {
  const program = `const began = performance.now(); ${load(name)}; console.log(performance.now() - began)`;
  const { stdout } = await capture(process.execPath, [`--input-type=${type}`, '-e', program], {
    cwd: folder,
  });
  return Number.parseFloat(stdout);
}

/**
 * The median of each entry in milliseconds, and as a multiple of @nestjs/common, as lines of a table.
 * @param {string} folder an application with all peers
 * @param {string[]} entries
 */
export async function importTimes(folder, entries) {
  const names = [YARDSTICK, ...BESIDE_IT, ...entries];
  /** @type {Map<string, number[]>} */
  const seen = new Map();
  for (let turn = 0; turn < RUNS; turn++) {
    for (const how of FORMS) {
      for (const name of names) {
        const key = `${how.form} ${name}`;
        seen.set(key, [...(seen.get(key) ?? []), await once(folder, name, how)]);
      }
    }
  }
  return names.map((name) => [name, ...FORMS.map(({ form }) => cell(seen, form, name))]);
}

/**
 * @param {Map<string, number[]>} seen
 * @param {string} form
 * @param {string} name
 */
function cell(seen, form, name) {
  const of = (/** @type {string} */ which) => median(seen.get(`${form} ${which}`) ?? []);
  const ratio = of(name) / of(YARDSTICK);
  return `${form} ${Math.round(of(name))} ms (${ratio.toFixed(2)} ×)`;
}
