// @ts-check
// What somebody sees of the package before using it: its files, its size, its page.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAbsolute, linksIn } from '../lib/markdown.mjs';
import { at } from '../lib/paths.mjs';
import { verdict, verdictOn } from './verdicts.mjs';

/**
 * @typedef {object} Packed what npm says of a tarball
 * @property {string} filename
 * @property {number} size
 * @property {number} unpackedSize
 * @property {{ path: string }[]} files
 */

// 378 kB of library, and some 120 of the program `nestjs-redis-ha`, of which an application reads nothing. A second copy
// of the types is over it at once, and so are source maps. Whoever needs more says here what for.
const MOST_PACKED_BYTES = 550_000;

/** @param {number} bytes */
const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;

/** @param {Packed} packed */
export const sizeOf = ({ size, unpackedSize, files }) =>
  `${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked, ${files.length} files`;

// Entries, what several of them need, the program with a file for each command, and what belongs to the package. Modules
// have no files of their own.
const KNOWN = [
  /^(esm|cjs)\/(\w+\/)?index\.(js|d\.ts)$/,
  /^cjs\/(shared\.(js|d\.ts)|package\.json)$/,
  /^((esm|cjs)\/(\w+\/)?)?parts\.js$/,
  /^cjs\/cli\/[a-z-]+\.js$/,
  /^(package\.json|README\.md|LICENSE)$/,
];

/** @param {string[]} files */
const strays = (files) => files.filter((path) => !KNOWN.some((known) => known.test(path)));

/** @param {string} folder @param {string[]} files */
function pointersToMaps(folder, files) {
  return files
    .filter((path) => path.endsWith('.js') || path.endsWith('.d.ts'))
    .filter((path) => readFileSync(join(folder, path), 'utf8').includes('//# sourceMappingURL='));
}

/**
 * Links that lead nowhere from the page of the package: there is nothing beside it but its own files, and what is said
 * to be in the repository must be there.
 * @param {string} folder
 */
function deadLinks(folder) {
  const { homepage } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = `${homepage}/blob/main/`;
  const isDead = (/** @type {string} */ link) => {
    if (link.startsWith('#')) return false;
    if (!isAbsolute(link)) return true;
    return link.startsWith(files) && !existsSync(at(link.slice(files.length).split('#')[0] ?? ''));
  };
  return linksIn(readFileSync(join(folder, 'README.md'), 'utf8')).filter(isDead);
}

/**
 * Checks what was packed, which stands unpacked in `folder`.
 * @param {Packed} packed
 * @param {string} folder
 */
export function checkPage(packed, folder) {
  const files = packed.files.map(({ path }) => path);
  verdictOn('the package holds what it should', strays(files));
  verdictOn('no file points to a source map, since there are none', pointersToMaps(folder, files));
  verdictOn('each link of its page leads somewhere', deadLinks(folder));
  const isSmall = packed.size <= MOST_PACKED_BYTES;
  verdict(
    `it has at most ${kilobytes(MOST_PACKED_BYTES)}, packed`,
    isSmall ? undefined : `it has ${sizeOf(packed)}`,
  );
}
