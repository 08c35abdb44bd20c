// @ts-check
// The images of the profile `app`: the real ones where a registry can be reached, else programs of this machine.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../../../../scripts/lib/ensure-programs.mjs';
import { at } from '../../../../scripts/lib/paths.mjs';
import { placeOf, whereIs } from './image-root.mjs';
import { hasImage, made } from './own-images.mjs';
import { sh } from './shell.mjs';

const BACKEND = 'local/ha-backend-of-this-tree';
const PROXY = 'local/ha-haproxy-of-this-machine';
const OFFICIAL = { PROXY_IMAGE: 'haproxy:3.0-alpine', POSTGRES_IMAGE: 'postgres:17-alpine' };
const ENTRYPOINT = at('backend', 'test', 'compose', 'support', 'postgres-entrypoint.sh');
// An engine that was begun before keeps its images: one with another entry point is another image.
const POSTGRES = `local/ha-postgres-of-this-machine:${digestOf(ENTRYPOINT)}`;
const POSTGRES_UID = 70;
const NODE_UID = 1000;

/** @typedef {NodeJS.ProcessEnv} Environment */
/** @typedef {import('./image-root.mjs').ImageRoot} ImageRoot */

/** What the last stage of the Dockerfile says about how the image runs. */
function instructionsOfDockerfile() {
  const text = readFileSync(at('Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '');
  const last = text.slice(text.lastIndexOf('\nFROM'));
  const known = /^(?:ENV|WORKDIR|USER|EXPOSE|HEALTHCHECK|CMD) .*/gm;
  return [...last.matchAll(known)].map(([line]) => line);
}

/**
 * The packages of the lockfile that production needs, each without what is nested in it.
 * @param {ImageRoot} root
 */
async function addProductionModules(root) {
  const lockfile = JSON.parse(readFileSync(at('node_modules', '.package-lock.json'), 'utf8'));
  /** @type {[path: string, entry: { dev?: boolean, devOptional?: boolean }][]} */
  const packages = Object.entries(lockfile.packages);
  const needed = packages.filter(([, entry]) => entry.dev !== true && entry.devOptional !== true);
  for (const [path] of needed) {
    if (existsSync(at(path))) await root.addTree(at(path), `/app/${path}`, { nested: false });
  }
}

/** @param {string} path */
function digestOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
}

/** @param {ImageRoot} root */
async function fillBackend(root) {
  await root.addBase([`node:x:${NODE_UID}:${NODE_UID}::/home/node:/bin/sh`]);
  await root.addFolder('/data', NODE_UID);
  await root.addProgram(process.execPath, '/usr/local/bin/node');
  await root.addTree(at('package.json'), '/app/package.json');
  await root.addFolder('/backups', 1000);
  await addProductionModules(root);
  const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
  const target = root.path('/app/dist/app');
  await sh(process.execPath, [compiler, '-p', at('tsconfig.build.json'), '--outDir', target], {
    env: process.env,
  });
  return ['ENV PATH=/usr/local/bin:/usr/bin:/bin', ...instructionsOfDockerfile()];
}

/** @param {ImageRoot} root */
async function fillProxy(root) {
  await root.addBase(['haproxy:x:99:99::/var/lib/haproxy:/bin/sh']);
  await root.addProgram(placeOf('haproxy'), '/usr/local/sbin/haproxy');
  const command = ['haproxy', '-W', '-db', '-f', '/usr/local/etc/haproxy/haproxy.cfg'];
  return [
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/bin:/bin',
    'USER haproxy',
    `CMD ${JSON.stringify(command)}`,
  ];
}

function programOfPostgres() {
  const program = findProgram('postgres');
  if (program === undefined) throw new Error('not on this machine: PostgreSQL');
  return program;
}

/** @param {ImageRoot} root */
async function fillPostgres(root) {
  await root.addBase([`postgres:x:${POSTGRES_UID}:${POSTGRES_UID}::/var/lib/postgresql:/bin/sh`]);
  const bin = dirname(realpathSync(programOfPostgres()));
  const { version, share, library } = await placesOfPostgres(bin);
  // Where a program of PostgreSQL finds the rest is relative to itself: the folders keep their places.
  for (const name of ['postgres', 'initdb', 'pg_ctl', 'pg_isready', 'psql']) {
    await root.addProgram(join(bin, name), join(bin, name));
  }
  await root.addTree(share, share);
  await root.addTree(library, library, { without: /llvmjit|bitcode/ });
  await root.addTree('/usr/share/zoneinfo', '/usr/share/zoneinfo');
  await root.addProgram(placeOf('setpriv'), '/usr/local/bin/setpriv');
  await root.addTree(ENTRYPOINT, '/usr/local/bin/docker-entrypoint.sh');
  return [
    `ENV PATH=${bin}:/usr/local/bin:/usr/bin:/bin PG_VERSION=${version} PGDATA=/var/lib/postgresql/data`,
    'VOLUME /var/lib/postgresql/data',
    'ENTRYPOINT ["/bin/sh","/usr/local/bin/docker-entrypoint.sh"]',
    'CMD ["postgres"]',
  ];
}

/** @param {string} bin */
async function placesOfPostgres(bin) {
  const ask = async (/** @type {string} */ what) =>
    (await sh(join(bin, 'pg_config'), [`--${what}`], { env: process.env })).trim();
  return {
    version: await ask('version').then((text) => text.replace(/^\D*(\S+).*/, '$1')),
    share: await ask('sharedir'),
    library: await ask('pkglibdir'),
  };
}

/** @param {Environment} env */
async function standIns(env) {
  const missing = ['haproxy', 'busybox', 'setpriv'].filter((name) => whereIs(name) === undefined);
  if (findProgram('postgres') === undefined) missing.push('PostgreSQL');
  if (missing.length > 0) throw new Error(`not on this machine: ${missing.join(', ')}`);
  if (!(await hasImage(env, PROXY))) await made(env, PROXY, fillProxy);
  if (!(await hasImage(env, POSTGRES))) await made(env, POSTGRES, fillPostgres);
  return {
    BACKEND_IMAGE: await made(env, BACKEND, fillBackend),
    PROXY_IMAGE: PROXY,
    POSTGRES_IMAGE: POSTGRES,
  };
}

/** @param {Environment} env */
async function officialImages(env) {
  const name = `${BACKEND}:official`;
  for (const image of Object.values(OFFICIAL)) {
    await sh('docker', ['pull', '-q', image], { env, timeoutMs: 240_000 });
  }
  await sh('docker', ['build', '-t', name, '.'], { env, timeoutMs: 600_000 });
  return { ...OFFICIAL, BACKEND_IMAGE: name };
}

/**
 * The variables that name the three images, and how to remove what belongs to this run. Throws if they cannot be had.
 * @param {Pick<import('./engine.mjs').Engine, 'env' | 'isOwn'>} engine
 */
export async function provideAppImages({ env, isOwn }) {
  const official = isOwn ? undefined : await officialImages(env).catch(() => undefined);
  const images = official ?? (await standIns(env));
  const remove = () =>
    sh('docker', ['rmi', '-f', images.BACKEND_IMAGE], { env, isCleanUp: true }).catch(
      () => undefined,
    );
  return { images, remove, isStandIn: official === undefined };
}
