// Finds redis-server, or installs it where that is allowed, or says exactly what to type.
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
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

const POLICY = '/usr/sbin/policy-rc.d';

// In the order they are looked for. `needsRoot`: may only run as root.
const INSTALLERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    steps: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
    ],
    type: 'sudo apt-get update && sudo apt-get install -y redis-server',
  },
  {
    command: 'apk',
    needsRoot: true,
    steps: [['apk', 'add', '--no-cache', 'redis']],
    type: 'sudo apk add redis',
  },
  {
    command: 'dnf',
    needsRoot: true,
    steps: [['dnf', 'install', '-y', '-q', 'redis']],
    type: 'sudo dnf install -y redis',
  },
  {
    command: 'brew',
    needsRoot: false,
    steps: [['brew', 'install', 'redis']],
    type: 'brew install redis',
  },
];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of redis-server, or undefined. Its folder is added to PATH, for everything started from here. */
export function findRedisServer() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const folder = [...path, ...USUAL_PLACES].find((place) =>
    isExecutable(join(place, 'redis-server')),
  );
  if (folder === undefined) return undefined;
  if (!path.includes(folder)) process.env.PATH = [...path, folder].join(delimiter);
  return join(folder, 'redis-server');
}

/** What a person types to install Redis on this machine. */
export function howToInstallRedis() {
  const installer = INSTALLERS.find(({ command }) => hasCommand(command));
  return (
    installer?.type ??
    'install the package "redis" (version 6.2 or newer) so that redis-server is in your PATH'
  );
}

// Debian starts a service as soon as it is installed. This file says no, and goes again afterwards.
async function withoutStartingServices(work) {
  const mine = hasCommand('apt-get') && !existsSync(POLICY);
  if (mine) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    if (mine) rmSync(POLICY, { force: true });
  }
}

async function install(installer) {
  console.log(`redis-server is missing: installing it with ${installer.command} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const [command, ...args] of installer.steps) {
    const { code } = await run(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (code !== 0) return console.error(`${command} ${args.join(' ')} failed.`);
  }
}

/** The path of redis-server, installed first if need be and allowed; undefined when there is none to be had. */
export async function ensureRedis() {
  const found = findRedisServer();
  if (found !== undefined) return found;
  const isRoot = process.getuid?.() === 0;
  const installer = INSTALLERS.find(
    ({ command, needsRoot }) => needsRoot === isRoot && hasCommand(command),
  );
  if (installer === undefined) return undefined;
  await withoutStartingServices(() => install(installer));
  return findRedisServer();
}
