// @ts-check
// Other versions of Node, taken from npm, to run what was built with this one.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { npmCommand, run } from './processes.mjs';

/** The oldest Node of the manifest, and the newest of each supported line. */
const WANTED = ['20.19.0', '22', '24'];

// These packages hold the binary itself. The package `node` fetches it in an install script, which npm may refuse.
/** @param {string} version */
function packageOf(version) {
  const hasBinaryPackage = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  return hasBinaryPackage ? `node-linux-${process.arch}@${version}` : `node@${version}`;
}

/** @param {string} binary */
function versionOf(binary) {
  return spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim();
}

/**
 * Installs the wanted versions in `folder`. Resolves with `{ version, binary }`, this Node first, and what is missing.
 * @param {string} folder
 */
export async function nodeBinaries(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    '{ "private": true, "allowScripts": { "node": true } }\n',
  );
  const [npm, leading] = npmCommand();
  const aliases = WANTED.map((version) => `node-${version}@npm:${packageOf(version)}`);
  const flags = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  await run(npm, [...leading, 'install', ...flags, ...aliases], { cwd: folder });
  const found = [{ version: process.version, binary: process.execPath }];
  const missing = [];
  for (const wanted of WANTED) {
    const binary = join(folder, 'node_modules', `node-${wanted}`, 'bin', 'node');
    const version = existsSync(binary) ? versionOf(binary) : undefined;
    if (version === undefined) missing.push(wanted);
    else if (version !== process.version) found.push({ version, binary });
  }
  return { found, missing };
}
