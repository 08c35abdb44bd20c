// @ts-check
// Finds the programs that are used from outside of npm, or installs them where that is allowed, or says what to type.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hasCommand, run } from './processes.mjs';

const USUAL_PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
  '/usr/local/opt/redis/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/opt/redis/bin',
  '/snap/bin',
];
// Debian keeps the servers of PostgreSQL out of PATH, one folder for each version.
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * @typedef {'apt-get' | 'apk' | 'dnf' | 'brew'} Manager
 * @typedef {{ command: string, packages: Record<Manager, string> }} Program
 * @typedef {'redis' | 'postgres' | 'prometheus' | 'alertmanager' | 'redis-exporter' | 'kubectl' | 'redis-cli' | 'haproxy' | 'ps' | 'tmux' | 'zsh'} ProgramName
 */

/**
 * What is needed, by the command that shows that it is there, and what systems call its package.
 * @type {Record<ProgramName, Program>}
 */
const PROGRAMS = {
  redis: {
    command: 'redis-server',
    packages: { 'apt-get': 'redis-server', apk: 'redis', dnf: 'redis', brew: 'redis' },
  },
  postgres: {
    command: 'initdb',
    packages: {
      'apt-get': 'postgresql',
      apk: 'postgresql',
      dnf: 'postgresql-server',
      brew: 'postgresql',
    },
  },
  prometheus: {
    command: 'prometheus',
    packages: {
      'apt-get': 'prometheus',
      apk: 'prometheus',
      dnf: 'prometheus',
      brew: 'prometheus',
    },
  },
  // With amtool, which is looked for: the program itself has another name on Debian.
  alertmanager: {
    command: 'amtool',
    packages: {
      'apt-get': 'prometheus-alertmanager',
      apk: 'alertmanager',
      dnf: 'alertmanager',
      brew: 'alertmanager',
    },
  },
  'redis-exporter': {
    command: 'prometheus-redis-exporter',
    packages: {
      'apt-get': 'prometheus-redis-exporter',
      apk: 'prometheus-redis-exporter',
      dnf: 'redis_exporter',
      brew: 'redis_exporter',
    },
  },
  // `kubectl kustomize` needs no cluster.
  kubectl: {
    command: 'kubectl',
    packages: {
      'apt-get': 'kubernetes-client',
      apk: 'kubectl',
      dnf: 'kubernetes-client',
      brew: 'kubectl',
    },
  },
  'redis-cli': {
    command: 'redis-cli',
    packages: { 'apt-get': 'redis-tools', apk: 'redis', dnf: 'redis', brew: 'redis' },
  },
  // For the rolling deployment, and the images of the Compose run.
  haproxy: {
    command: 'haproxy',
    packages: { 'apt-get': 'haproxy', apk: 'haproxy', dnf: 'haproxy', brew: 'haproxy' },
  },
  ps: {
    command: 'ps',
    packages: { 'apt-get': 'procps', apk: 'procps', dnf: 'procps-ng', brew: 'procps' },
  },
  // A terminal that a test looks at.
  tmux: {
    command: 'tmux',
    packages: { 'apt-get': 'tmux', apk: 'tmux', dnf: 'tmux', brew: 'tmux' },
  },
  zsh: {
    command: 'zsh',
    packages: { 'apt-get': 'zsh', apk: 'zsh', dnf: 'zsh', brew: 'zsh' },
  },
};

// sudo hands on no variables, so they are part of the command. The second one: no dialogue about services to restart.
const SILENTLY = ['env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_SUSPEND=1'];

/**
 * @typedef {object} Installer
 * @property {Manager} command
 * @property {boolean} needsRoot may only run as root
 * @property {(names: readonly string[]) => string[][]} steps what is run
 * @property {(names: readonly string[]) => string} type what a person types
 * @typedef {Installer & { before: readonly string[] }} UsableInstaller `before`: what comes before a command that needs root
 */

/**
 * In the order they are looked for.
 * @type {readonly Installer[]}
 */
const INSTALLERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    steps: (names) => [
      ['apt-get', 'update', '-qq'],
      [...SILENTLY, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names],
    ],
    type: (names) => `sudo apt-get update && sudo apt-get install -y ${names.join(' ')}`,
  },
  {
    command: 'apk',
    needsRoot: true,
    steps: (names) => [['apk', 'add', '--no-cache', ...names]],
    type: (names) => `sudo apk add ${names.join(' ')}`,
  },
  {
    command: 'dnf',
    needsRoot: true,
    steps: (names) => [['dnf', 'install', '-y', '-q', ...names]],
    type: (names) => `sudo dnf install -y ${names.join(' ')}`,
  },
  {
    command: 'brew',
    needsRoot: false,
    steps: (names) => [['brew', 'install', ...names]],
    type: (names) => `brew install ${names.join(' ')}`,
  },
];

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function postgresFolders() {
  if (!existsSync(POSTGRES_VERSIONS)) return [];
  return readdirSync(POSTGRES_VERSIONS).map((version) => join(POSTGRES_VERSIONS, version, 'bin'));
}

/**
 * The path of a program, or undefined. Its folder is added to PATH, for everything started from here.
 * @param {ProgramName} name
 */
export function findProgram(name) {
  const { command } = PROGRAMS[name];
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const folder = [...path, ...USUAL_PLACES, ...postgresFolders()].find((place) =>
    isExecutable(join(place, command)),
  );
  if (folder === undefined) return undefined;
  if (!path.includes(folder)) process.env.PATH = [...path, folder].join(delimiter);
  return join(folder, command);
}

/**
 * What a person types to install them on this machine.
 * @param {ProgramName[]} names
 */
export function howToInstall(...names) {
  const installer = INSTALLERS.find((candidate) => hasCommand(candidate.command));
  if (installer !== undefined) return installer.type(packagesOf(installer, names));
  const wanted = names.map((name) => PROGRAMS[name]);
  return wanted
    .map(({ command, packages }) => `install ${packages.apk} so that ${command} is in your PATH`)
    .join('\n');
}

/**
 * @param {Installer} installer
 * @param {readonly ProgramName[]} names
 */
function packagesOf(installer, names) {
  return [...new Set(names.map((name) => PROGRAMS[name].packages[installer.command]))];
}

/**
 * What comes before a command that must run as root, or undefined where that is not allowed. sudo is for continuous
 * integration, where it asks for nothing; a person is told what to type instead.
 */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  const mayUseSudo =
    process.env.CI === 'true' &&
    spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return mayUseSudo ? ['sudo', '-n'] : undefined;
}

/** @returns {ProgramName[]} */
function everyProgram() {
  return /** @type {ProgramName[]} */ (Object.keys(PROGRAMS));
}

// Root has no use for Homebrew, which refuses to run as root; the others need it.
function usableInstaller() {
  const before = asRoot();
  const isRoot = before?.length === 0;
  const installer = INSTALLERS.find(
    ({ command, needsRoot }) => (needsRoot ? before !== undefined : !isRoot) && hasCommand(command),
  );
  return installer && { ...installer, before: installer.needsRoot ? (before ?? []) : [] };
}

/**
 * Debian starts a service as soon as it is installed. This file says no, and goes again afterwards.
 * @template T
 * @param {UsableInstaller} installer
 * @param {() => Promise<T>} work
 */
async function withoutStartingServices({ command, before }, work) {
  if (command !== 'apt-get' || existsSync(POLICY)) return await work();
  const [program = '', ...args] = [...before, 'sh', '-c'];
  await run(program, [...args, `printf '#!/bin/sh\\nexit 101\\n' >${POLICY}; chmod 755 ${POLICY}`]);
  try {
    return await work();
  } finally {
    await run(program, [...args, `rm -f ${POLICY}`]);
  }
}

/**
 * @param {UsableInstaller} installer
 * @param {readonly ProgramName[]} names
 */
async function install(installer, names) {
  const commands = names.map((name) => PROGRAMS[name].command).join(', ');
  console.log(`Missing: ${commands}. Installing with ${installer.command} ...`);
  for (const step of installer.steps(packagesOf(installer, names))) {
    const [program = '', ...args] = [...installer.before, ...step];
    const { code } = await run(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (code === 0) continue;
    console.error(`${program} ${args.join(' ')} failed.`);
    return;
  }
}

/**
 * Installs what is missing of these programs, where that is allowed. Resolves with what is missing still.
 * @param {readonly ProgramName[]} names
 */
export async function ensurePrograms(names = everyProgram()) {
  const missing = () => names.filter((name) => findProgram(name) === undefined);
  const wanted = missing();
  if (wanted.length === 0) return [];
  const installer = usableInstaller();
  if (installer !== undefined) {
    await withoutStartingServices(installer, () => install(installer, wanted));
  }
  return missing();
}

/**
 * The path of a program, installed first if need be and allowed; undefined when it is not to be had.
 * @param {ProgramName} name
 */
export async function ensureProgram(name) {
  await ensurePrograms([name]);
  return findProgram(name);
}
