import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Where the package says its version: as it is installed, in a checkout as it is typed and as it is built, in the image. */
const PLACES = [
  '../../package.json',
  '../backend/package.json',
  '../../../backend/package.json',
  '../../../package.json',
];
const OURS = /^nestjs-redis-ha(-workspace)?$/;

interface Package {
  readonly name?: string;
  readonly version?: string;
}

/**
 * Returns the version of the package that a program is of.
 *
 * @param program - its real path: npm puts a link to it into a folder of its own
 */
export function versionBeside(program: string): string {
  const paths = PLACES.map((place) => resolve(dirname(program), place)).filter(existsSync);
  const packages = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Package);
  // Above a checkout there may be a package of somebody else.
  return packages.find(({ name = '' }) => OURS.test(name))?.version ?? 'unknown';
}
