// @ts-check
// Where containers run: the engine that is there, else one that the workplace can make, else none.
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { at } from '../../../../scripts/lib/paths.mjs';

const HELPER = at('..', 'shared', 'tools', 'container-engine.sh');

/**
 * @typedef {object} Engine a container engine
 * @property {NodeJS.ProcessEnv} env how it is reached
 * @property {boolean} isOwn it was made for this run
 * @property {() => unknown} stop ends it, if this run began it
 * @property {string[]} compose the command of Compose
 * @property {string[]} [composeV1] that of Compose 1.x, where it is there
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function answers(command, args, env) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env,
    timeout: 240_000,
  });
  return { isGood: status === 0, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** @param {string[]} args */
function helper(...args) {
  return answers('bash', [HELPER, ...args], process.env);
}

/**
 * Exports such as `export A=b C='d e'` as an object.
 * @param {string} text
 * @returns {Record<string, string>}
 */
function readExports(text) {
  const pairs = [...text.matchAll(/([A-Z_]+)=('[^']*'|\S+)/g)];
  return Object.fromEntries(
    pairs.map(([, name = '', value = '']) => [name, value.replace(/^'|'$/g, '')]),
  );
}

/** @returns {Pick<Engine, 'env' | 'isOwn' | 'stop'> | undefined} */
function startOwn() {
  if (!existsSync(HELPER)) return undefined;
  const wasUp = helperIsUp();
  for (const step of ['install', 'start']) {
    const { isGood, stderr } = helper(step);
    if (!isGood) {
      console.error(stderr);
      return undefined;
    }
  }
  const env = { ...process.env, ...readExports(helper('env').stdout) };
  return { env, isOwn: true, stop: () => (wasUp ? undefined : helper('stop')) };
}

function helperIsUp() {
  const env = { ...process.env, ...readExports(helper('env').stdout) };
  return answers('docker', ['info'], env).isGood;
}

/**
 * The engine to use: its environment, and how to end it if this run began it. Undefined: there is none.
 * @returns {Engine | undefined}
 */
export function findEngine() {
  const isThere = answers('docker', ['info'], process.env).isGood;
  const engine = isThere ? { env: process.env, isOwn: false, stop: () => undefined } : startOwn();
  if (engine === undefined) return undefined;
  const hasV2 = answers('docker', ['compose', 'version'], engine.env).isGood;
  const hasV1 = answers('docker-compose', ['version'], engine.env).isGood;
  const v1 = /^1\./.test(answers('docker-compose', ['version', '--short'], engine.env).stdout);
  if (!hasV2 && !hasV1) return undefined;
  return {
    ...engine,
    compose: hasV2 ? ['docker', 'compose'] : ['docker-compose'],
    ...(v1 ? { composeV1: ['docker-compose'] } : {}),
  };
}

/**
 * Makes an image of this name usable: pulled, or built here when no registry can be reached.
 * @param {Engine} engine
 * @param {string} image
 */
export function provideImage(engine, image) {
  const has = () => answers('docker', ['image', 'inspect', image], engine.env).isGood;
  if (has()) return true;
  if (!engine.isOwn && answers('docker', ['pull', '-q', image], engine.env).isGood) return true;
  // It has Redis, and would give it this name.
  if (!existsSync(HELPER) || !/^redis:/.test(image)) return false;
  return helper(/^redis:8/.test(image) ? 'images8' : 'images', image).isGood && has();
}
