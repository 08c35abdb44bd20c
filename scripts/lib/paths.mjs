// @ts-check
// Where things are in this repository.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The nearest folder above with the lockfile: benchmarks run from where they were compiled to, below the same root.
 * @param {string} folder
 * @returns {string}
 */
function rootAbove(folder) {
  const above = dirname(folder);
  if (existsSync(join(folder, 'package-lock.json')) || above === folder) return folder;
  return rootAbove(above);
}

/** The folder of the repository. */
export const root = rootAbove(dirname(fileURLToPath(import.meta.url)));

/**
 * An absolute path of something in the repository.
 * @param {string[]} parts
 */
export const at = (...parts) => join(root, ...parts);
