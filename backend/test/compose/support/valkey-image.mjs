// @ts-check
// Valkey: the image that was asked for where it can be pulled, else the program of the next release of Debian in the
// place of Redis, in the image that stands in for Redis 8.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moreServers } from '../../../../scripts/lib/more-servers.mjs';
import { at } from '../../../../scripts/lib/paths.mjs';
import { sh } from './shell.mjs';

const PROGRAMS = ['valkey-server', 'valkey-cli', 'valkey-check-rdb', 'valkey-check-aof'];
const SERVERS = at('.tmp', 'servers');

/** Nothing of Redis stays in it, and its user has the name and the number of the official image. */
const dockerfile = (/** @type {string} */ base) => `FROM ${base}
USER 0
COPY lib/ /opt/valkey/lib/
COPY bin/ /usr/bin/
RUN ["/bin/sh", "-c", "rm -f /usr/bin/redis-* /usr/local/bin/redis-* && sed -i 's/^redis:/valkey:/' /etc/passwd /etc/group"]
`;

/**
 * Makes an image of this name from the one that stands in for Redis 8.
 * @param {NodeJS.ProcessEnv} env how the engine is reached
 * @param {string} image
 * @param {string} base
 */
export async function makeValkeyImage(env, image, base) {
  const { reason } = moreServers(SERVERS);
  if (reason !== undefined) return false;
  const folder = mkdtempSync(join(tmpdir(), 'ha-valkey-'));
  try {
    const own = join(SERVERS, 'root', 'usr');
    cpSync(join(own, 'lib'), join(folder, 'lib'), { recursive: true });
    for (const name of PROGRAMS) {
      cpSync(join(own, 'bin', name), join(folder, 'bin', `${name}.own`), { dereference: true });
      writeFileSync(join(folder, 'bin', name), starterOf(name), { mode: 0o755 });
    }
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(base));
    await sh('docker', ['build', '-q', '-t', image, folder], { env, timeoutMs: 240_000 });
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// With the libraries that came with it: those of the image may be others.
function starterOf(/** @type {string} */ name) {
  return `#!/bin/sh
for loader in /opt/valkey/lib/*-linux-gnu/ld-linux*.so.*; do
  exec "$loader" --argv0 ${name} --library-path "\${loader%/*}" /usr/bin/${name}.own "$@"
done
`;
}
