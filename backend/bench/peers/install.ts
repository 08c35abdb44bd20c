import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEERS } from './load.js';

type Versions = Readonly<Record<string, string>>;

interface LockedPackage {
  readonly version?: string;
  readonly optional?: boolean;
}

/** Installs the libraries to compare with, unless they are there. Ends the process when it cannot be done. */
export function installPeers(): Versions {
  const folder = PEERS;
  if (!isInstalled(folder)) install(folder);
  return directVersions(folder);
}

function install(folder: string): void {
  console.log(
    [
      '',
      '  Installing what the benchmark compares with, into backend/bench/peers/node_modules:',
      `  ${Object.entries(directVersions(folder))
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
      '  Nothing else needs them. Without: --contestants ours,floor',
      '',
    ].join('\n'),
  );
  const npm = spawnSync('npm', ['ci', '--ignore-scripts'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status === 0 && isInstalled(folder)) return;
  console.error(
    [
      '\nThe other libraries could not be installed, see above.',
      'Without them: --contestants ours,floor',
    ].join('\n'),
  );
  process.exit(2);
}

/** Everything is there, at the version of the lockfile. npm writes down what it installed. */
function isInstalled(folder: string): boolean {
  try {
    const there = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
    return Object.entries(packagesOf(join(folder, 'package-lock.json')))
      .filter(([path, { optional }]) => path !== '' && optional !== true)
      .every(([path, { version }]) => there[path]?.version === version);
  } catch {
    return false;
  }
}

function directVersions(folder: string): Versions {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Versions;
  };
  return dependencies;
}

function packagesOf(file: string): Readonly<Record<string, LockedPackage>> {
  return (
    JSON.parse(readFileSync(file, 'utf8')) as {
      packages: Readonly<Record<string, LockedPackage>>;
    }
  ).packages;
}
