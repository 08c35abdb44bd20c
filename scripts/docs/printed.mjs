// @ts-check
// Compares what a block printed with what its page says that it prints.

/** What may differ from run to run, by the names that `<!-- prints, but for … -->` uses: as narrow as can be. */
/** @type {Readonly<Record<string, readonly [pattern: RegExp, word: string]>>} */
const CHANGES = {
  milliseconds: [/\b\d+(\.\d+)? ms\b/g, '… ms'],
  seconds: [/\b\d+(\.\d+)? s\b/g, '… s'],
  minutes: [/\b\d+ min\b/g, '… min'],
  bytes: [/\b\d+ bytes\b/g, '… bytes'],
  times: [/\b\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d[.-]\d{3}Z/g, '…Z'],
  ids: [/\b[0-9a-f]{8,40}\b/g, '…'],
  sizes: [/\b[\d.]+ [KMG]iB\b/g, '… KiB'],
  epochs: [/\bepoch \d+/g, 'epoch …'],
  replica: [/\b700[23]\b/g, '700x'],
  folder: [/(?<=^|[\s(])\/[\w./-]+\/(?=backups\/)/gm, '…/'],
  version: [/\bversion \d+\.\d+\.\d+/g, 'version …'],
};
/** What a server says of the machine, from Redis 8 on also to who starts it: no page can know it. */
const OF_THE_MACHINE = /^\d+:[CMSX] .* # WARNING Memory overcommit must be enabled!.*\n/gm;
/** The lines come as they come. */
const ORDER = 'order';

/** Names that a page may use. */
export const CHANGE_NAMES = [...Object.keys(CHANGES), ORDER];

/**
 * @param {string} text
 * @param {readonly string[]} but
 */
function linesOf(text, but) {
  let plain = text;
  for (const name of but) {
    const [pattern, word] = CHANGES[name] ?? [];
    if (pattern !== undefined && word !== undefined) plain = plain.replace(pattern, word);
  }
  const lines = plain
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  return but.includes(ORDER) ? lines.sort() : lines;
}

/** @param {string} text */
const literally = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * What is wrong with a block below a command: each line of it must have been printed, and nothing else. A line of `…` in it
 * stands for any lines.
 * @param {import('./page-steps.mjs').Shown} shown
 * @param {string} printed
 * @returns {string[]}
 */
export function problemsOfShown({ text, at, but }, printed) {
  const unknown = but.filter((name) => !CHANGE_NAMES.includes(name));
  if (unknown.length > 0) return [`${at}: nothing that may differ is called ${unknown.join(', ')}`];
  const wanted = linesOf(text, but);
  const got = linesOf(printed.replace(OF_THE_MACHINE, ''), but);
  const pattern = wanted.map((line) => (line === '…' ? '(?:.*\\n)*' : `${literally(line)}\\n`));
  if (new RegExp(`^${pattern.join('')}$`).test(`${got.join('\n')}\n`)) return [];
  const missing = wanted.filter((line) => line !== '…' && !got.includes(line));
  const extra = got.filter((line) => !wanted.includes(line));
  return [
    `${at}: what is shown is not what is printed:`,
    ...missing.map((line) => `  - ${line}`),
    ...extra.map((line) => `  + ${line}`),
    ...(missing.length + extra.length === 0 ? ['  the lines are in another order'] : []),
  ];
}

/** A comment behind a command says what it prints; behind `;` may follow what that means. */
const TOLD = /^(?!\s*#).*\S\s+# (?<told>\S.*)$/;

/**
 * What comments behind the commands of a block say, in their order.
 * @param {string} code
 * @returns {string[]}
 */
export function toldIn(code) {
  return code
    .split('\n')
    .map((line) => TOLD.exec(line)?.groups?.['told']?.split(';')[0]?.trim() ?? '')
    .filter((told) => told !== '');
}

/**
 * Whether all that was told was printed, in that order. Spaces and ends of lines are alike, `…` stands for anything.
 * @param {string} code
 * @param {string} printed
 * @returns {string[]}
 */
export function problemsOfTold(code, printed) {
  let rest = printed.replace(/\s+/g, ' ');
  /** @type {string[]} */
  const problems = [];
  for (const told of toldIn(code)) {
    const parts = told.replace(/\s+/g, ' ').split('…');
    const found = new RegExp(parts.map((part) => literally(part.trim())).join('.*?')).exec(rest);
    if (found === null) problems.push(`it does not print "${told}"`);
    else rest = rest.slice(found.index + found[0].length);
  }
  return problems;
}

/** An answer of Redis that is an error; its client ends with 0 all the same. */
const REFUSED =
  /^(?:\(error\) )?(?:ERR|NOAUTH|WRONGPASS|NOPERM|READONLY|NOREPLICAS|MISCONF|OOM|NOGOODSLAVE|INPROG|NOQUORUM|Could not connect|Error:|AUTH failed)\b.*/gm;

/**
 * Errors that were printed and of which the page says nothing.
 * @param {string} printed
 * @param {string} expected what the page says of the block
 */
export function refusalsIn(printed, expected) {
  return [...printed.matchAll(REFUSED)]
    .map(([line]) => line)
    .filter((line) => !expected.includes(line.split(' ')[0] ?? line))
    .map((line) => `it prints the error "${line}"`);
}
