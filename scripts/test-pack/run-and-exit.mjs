// @ts-check
// Programs that must end by themselves once they have closed everything.
import { start, stop } from '../lib/processes.mjs';
import { verdict } from './verdicts.mjs';

const LONGEST_MS = 30_000;
const EXIT_WITHIN_MS = 5_000;

/** @typedef {{ version: string, binary: string }} NodeBinary */

/**
 * Runs a program that prints CLOSED when it is done; it must then end by itself, soon.
 * @param {NodeBinary} node
 * @param {string[]} args
 * @param {string} folder
 * @param {number} [longestMs] how long it may take until then
 */
export async function runAndExit({ version, binary }, args, folder, longestMs = LONGEST_MS) {
  const child = start(binary, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  /** @type {number | undefined} */
  let closedAt;
  /** @type {string | undefined} */
  let problem;
  const giveUp = (/** @type {string} */ reason) => {
    problem = reason;
    void stop(child);
  };
  let timer = setTimeout(() => giveUp('stopped, it took too long'), longestMs);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
      if (closedAt !== undefined || !/^CLOSED$/m.test(output)) return;
      closedAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => giveUp('it did not exit after closing'), EXIT_WITHIN_MS);
    });
  }
  const { code } = await child.ended;
  clearTimeout(timer);
  if (code !== 0 || closedAt === undefined) problem ??= `exit code ${code}`;
  const tail = closedAt === undefined ? '' : ` (exit ${Date.now() - closedAt} ms after closing)`;
  return verdict(
    `runs and exits on ${version}${tail}`,
    problem === undefined ? undefined : `${problem}\n${output}`,
  );
}
