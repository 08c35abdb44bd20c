// @ts-check
import { relative } from 'node:path';
import { root } from '../lib/paths.mjs';

/**
 * The files that took longest, one a line.
 * @param {readonly import('./jest-run.mjs').FileTime[]} files
 * @param {number} most
 * @returns {string}
 */
export function slowestFiles(files, most = 10) {
  return [...files]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, most)
    .map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${relative(root, file)}`)
    .join('\n');
}
