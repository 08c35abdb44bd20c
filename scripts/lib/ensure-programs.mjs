// @ts-check
// Finds the programs that are used from outside of npm, or installs them where that is allowed, or says what to type.
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
 * @typedef {'redis' | 'postgres' | 'prometheus'} ProgramName
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
};

/**
 * @typedef {object} Installer
 * @property {Manager} command
 * @property {boolean} needsRoot may only run as root
 * @property {(name: string) => string[][]} steps what is run
 * @property {(name: string) => string} type what a person types
 */

/**
 * In the order they are looked for.
 * @type {Installer[]}
 */
const INSTALLERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    steps: (name) => [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', name],
    ],
    type: (name) => `sudo apt-get update && sudo apt-get install -y ${name}`,
  },
  {
    command: 'apk',
    needsRoot: true,
    steps: (name) => [['apk', 'add', '--no-cache', name]],
    type: (name) => `sudo apk add ${name}`,
  },
  {
    command: 'dnf',
    needsRoot: true,
    steps: (name) => [['dnf', 'install', '-y', '-q', name]],
    type: (name) => `sudo dnf install -y ${name}`,
  },
  {
    command: 'brew',
    needsRoot: false,
    steps: (name) => [['brew', 'install', name]],
    type: (name) => `brew install ${name}`,
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
 * What a person types to install it on this machine.
 * @param {ProgramName} name
 */
export function howToInstall(name) {
  const { command, packages } = PROGRAMS[name];
  const installer = INSTALLERS.find((candidate) => hasCommand(candidate.command));
  if (installer !== undefined) return installer.type(packages[installer.command]);
  return `install the package "${packages.apk}" so that ${command} is in your PATH`;
}

/**
 * Debian starts a service as soon as it is installed. This file says no, and goes again afterwards.
 * @template T
 * @param {() => Promise<T>} work
 */
async function withoutStartingServices(work) {
  const mine = hasCommand('apt-get') && !existsSync(POLICY);
  if (mine) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    if (mine) rmSync(POLICY, { force: true });
  }
}

/**
 * @param {Installer} installer
 * @param {ProgramName} name
 */
async function install(installer, name) {
  const { command, packages } = PROGRAMS[name];
  console.log(`${command} is missing: installing it with ${installer.command} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const [program = '', ...args] of installer.steps(packages[installer.command])) {
    const { code } = await run(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (code !== 0) return console.error(`${program} ${args.join(' ')} failed.`);
  }
}

/**
 * The path of a program, installed first if need be and allowed; undefined when it is not to be had.
 * @param {ProgramName} name
 */
export async function ensureProgram(name) {
  const found = findProgram(name);
  if (found !== undefined) return found;
  const isRoot = process.getuid?.() === 0;
  const installer = INSTALLERS.find(
    ({ command, needsRoot }) => needsRoot === isRoot && hasCommand(command),
  );
  if (installer === undefined) return undefined;
  await withoutStartingServices(() => install(installer, name));
  return findProgram(name);
}
