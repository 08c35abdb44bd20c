// @ts-check
// An image that runs Node: the official one where it can be had, else this machine's own node in an empty image.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';

const NAME = 'local/node-of-this-machine';
const OFFICIAL = 'node:24-alpine';

/** node and the libraries it is linked with, and the helpers of a name lookup. */
function filesOfNode() {
  const node = realpathSync(process.execPath);
  const { stdout } = spawnSync('ldd', [node], { encoding: 'utf8' });
  const libraries = [...(stdout ?? '').matchAll(/(\/\S+\.so\S*)/g)].map(([, path = '']) => path);
  const resolver = libraries
    .filter((path) => /libc\.so/.test(path))
    .flatMap((path) =>
      ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map((name) =>
        path.replace(/[^/]+$/, name),
      ),
    );
  return { node, files: [node, ...libraries, ...resolver] };
}

/** @param {NodeJS.ProcessEnv} env */
async function importOwn(env) {
  const { node, files } = filesOfNode();
  const tar = spawn('tar', ['-ch', '--ignore-failed-read', '--absolute-names', ...files], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const changes = ['-c', `ENV PATH=${node.replace(/\/[^/]+$/, '')}`];
  const load = spawn('docker', ['import', ...changes, '-', NAME], {
    env,
    stdio: [tar.stdout, 'ignore', 'inherit'],
  });
  const [code] = await once(load, 'exit');
  return code === 0 ? NAME : undefined;
}

/**
 * The name of an image with `node` in it, or undefined.
 * @param {import('./engine.mjs').Engine} engine
 */
export async function provideNodeImage({ env, isOwn }) {
  const has = (/** @type {string} */ image) =>
    spawnSync('docker', ['image', 'inspect', image], { env }).status === 0;
  if (has(OFFICIAL)) return OFFICIAL;
  if (has(NAME)) return NAME;
  const pull = () => spawnSync('docker', ['pull', '-q', OFFICIAL], { env, timeout: 120_000 });
  if (!isOwn && pull().status === 0) return OFFICIAL;
  return process.platform === 'linux' ? await importOwn(env) : undefined;
}
