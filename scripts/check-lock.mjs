// @ts-check
// Names optional (platform) packages that package-lock.json lacks: `npm ci` fails on them, on this or another platform.
import { readFileSync } from 'node:fs';
import { report } from './lib/check-lines.mjs';
import { at } from './lib/paths.mjs';

/**
 * @typedef {{ version?: string, optionalDependencies?: Record<string, string> }} LockedPackage
 * @type {[path: string, entry: LockedPackage][]}
 */
const packages = Object.entries(JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages);
const present = new Set(packages.map(([path]) => path.replace(/^.*node_modules\//, '')));
const problems = packages.flatMap(([path, entry]) =>
  Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !present.has(name))
    .map((name) => `${path} ${entry.version} lacks ${name}`),
);
report('lockfile', problems, `${packages.length} packages`);
