// @ts-check
// Images that are made of programs of this machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageRoot } from './image-root.mjs';
import { sh } from './shell.mjs';

/** @typedef {NodeJS.ProcessEnv} Environment */

/**
 * Whether the engine has it.
 * @param {Environment} env
 * @param {string} name
 */
export const hasImage = (env, name) =>
  sh('docker', ['image', 'inspect', name], { env }).then(
    () => true,
    () => false,
  );

/**
 * @param {Environment} env
 * @param {string} name
 * @param {ImageRoot} root
 * @param {readonly string[]} instructions
 */
async function imported(env, name, root, instructions) {
  const tar = spawn('tar', ['-C', root.folder, '--numeric-owner', '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const changes = instructions.flatMap((line) => ['-c', line]);
  const load = spawn('docker', ['import', ...changes, '-', name], {
    env,
    stdio: [tar.stdout, 'ignore', 'inherit'],
  });
  const [code] = await once(load, 'exit');
  if (code !== 0) throw new Error(`docker import ${name}: ${code}`);
}

/**
 * Makes the image of what `fill` puts into its root, with the instructions that it resolves with.
 * @param {Environment} env
 * @param {string} name
 * @param {(root: ImageRoot) => Promise<string[]>} fill
 */
export async function made(env, name, fill) {
  const folder = await mkdtemp(join(tmpdir(), 'ha-image-'));
  try {
    const root = new ImageRoot(folder);
    await imported(env, name, root, await fill(root));
    return name;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
