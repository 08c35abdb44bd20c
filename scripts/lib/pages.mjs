// @ts-check
// The pages that somebody reads who uses the library.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from './paths.mjs';

/** Their paths from the root: README.md, and what is in docs. */
export const PAGES = [
  'README.md',
  ...readdirSync(at('docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file))
    .sort(),
];

/** @param {string} page */
export const textOf = (page) => readFileSync(at(page), 'utf8');
