// @ts-check
// Other versions of Redis, and Valkey, for the tests that run on each that can be had: those of this machine, and on
// Debian those of the next release, which are unpacked and not installed.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { hasCommand } from './processes.mjs';

const RELEASE = 'trixie';
const SERVERS = ['redis-server', 'valkey-server'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const TIMEOUT_MS = 120_000;

// The servers, and every library that they are linked with: those of this system may be too old.
const PACKAGES = [
  ...['redis-server', 'redis-tools', 'valkey-server', 'valkey-tools'],
  ...['libc6', 'libssl3t64', 'libsystemd0', 'libatomic1', 'libjemalloc2', 'liblzf1', 'libstdc++6'],
  ...['libcap2', 'libgcc-s1', 'libgcrypt20', 'libgpg-error0', 'liblz4-1', 'liblzma5', 'libzstd1'],
];

/**
 * What a server says of its version, for example `8.0.2`; undefined when it does not run.
 * @param {string} path
 */
export function versionOf(path) {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: TIMEOUT_MS });
  return /server v=(\S+)/.exec(stdout ?? '')?.[1];
}

/**
 * Every server that can be had, one for each version, that of PATH first; and why there are not more.
 * @param {string} folder where those of the next release are kept
 * @returns {{ servers: readonly string[], reason: string | undefined }}
 */
export function moreServers(folder) {
  const given = (process.env.TEST_REDIS_SERVERS ?? '').split(',').filter((path) => path !== '');
  const reason = given.length > 0 ? undefined : fetchNext(folder);
  const kept = SERVERS.map((name) => join(folder, 'bin', name)).filter((path) => existsSync(path));
  /** @type {Map<string, string>} */
  const byVersion = new Map();
  for (const path of [...SERVERS.filter((name) => hasCommand(name)), ...given, ...kept]) {
    const version = versionOf(path);
    if (version !== undefined && !byVersion.has(version)) byVersion.set(version, path);
  }
  return { servers: [...byVersion.values()], reason };
}

/**
 * Unpacks the servers of the next release of Debian, once. Returns why that cannot be done here.
 * @param {string} folder
 * @returns {string | undefined}
 */
function fetchNext(folder) {
  if (SERVERS.every((name) => existsSync(join(folder, 'bin', name)))) return undefined;
  const mirror = debianMirror();
  if (mirror === undefined)
    return 'this is no Debian with apt-get, so no other release can be asked';
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs', 'root', 'bin']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const list = join(folder, 'sources.list');
  writeFileSync(list, `deb [signed-by=${KEYRING}] ${mirror} ${RELEASE} main\n`);
  const options = [
    ...['-o', `Dir::Etc::SourceList=${list}`, '-o', 'Dir::Etc::SourceParts=/dev/null'],
    ...['-o', `Dir::State::Lists=${join(folder, 'lists')}`],
    ...['-o', `Dir::Cache=${join(folder, 'cache')}`, '-o', 'APT::Sandbox::User=root'],
  ];
  const debs = join(folder, 'debs');
  const isFetched =
    runs('apt-get', [...options, '-qq', 'update'], folder) &&
    runs('apt-get', [...options, '-qq', 'download', ...PACKAGES], debs);
  if (!isFetched) return `the packages of Debian's ${RELEASE} cannot be fetched`;
  for (const deb of readdirSync(debs)) runs('dpkg-deb', ['-x', join(debs, deb), 'root'], folder);
  for (const name of ['lists', 'cache', 'debs']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  return writeStarters(folder);
}

/**
 * Scripts that start the servers with their own libraries.
 * @param {string} folder
 * @returns {string | undefined}
 */
function writeStarters(folder) {
  const libraries = join(folder, 'root', 'usr', 'lib');
  const triplet = readdirSync(libraries).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const own = join(libraries, triplet);
  const loader = readdirSync(own).find((name) => name.startsWith('ld-linux'));
  if (loader === undefined) return 'the packages hold no loader';
  for (const name of SERVERS) {
    const server = join(folder, 'root', 'usr', 'bin', name);
    const command = `exec '${join(own, loader)}' --argv0 ${name} --library-path '${own}' '${server}' "$@"`;
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  }
  return undefined;
}

/** Where this Debian has its packages from. */
function debianMirror() {
  if (!hasCommand('apt-get') || !existsSync(KEYRING)) return undefined;
  const wanted = ['indextargets', '--format', '$(REPO_URI) $(LABEL)', 'Created-By: Packages'];
  const { stdout } = spawnSync('apt-get', wanted, { encoding: 'utf8', timeout: TIMEOUT_MS });
  const line = (stdout ?? '').split('\n').find((text) => text.endsWith(' Debian'));
  return line?.split(' ')[0];
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function runs(command, args, cwd) {
  return spawnSync(command, args, { cwd, stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0;
}
