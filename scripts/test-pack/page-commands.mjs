// @ts-check
// The commands by which a page says that the library gets into an application.
import { readFileSync } from 'node:fs';
import { blocksIn } from '../lib/markdown.mjs';
import { at } from '../lib/paths.mjs';

/**
 * @param {string} page
 * @param {string[]} lines
 * @param {RegExp} pattern
 */
function only(page, lines, pattern) {
  const found = lines.filter((line) => pattern.test(line));
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new Error(`${page}: one command must be like ${pattern}, and ${found.length} are`);
}

/**
 * What is typed in the clone and in the application, and the first example of the page.
 * @param {string} page
 */
export function commandsOf(page) {
  const text = readFileSync(at(page), 'utf8');
  const lines = blocksIn(text, 'bash').flatMap((block) => block.trim().split('\n'));
  return {
    inClone: only(page, lines, /\bnpm pack\b/),
    inApplication: only(page, lines, /\bnpm install\b/),
    example: blocksIn(text, 'ts')[0] ?? '',
  };
}
