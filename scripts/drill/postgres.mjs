// A Postgres of the drill's own, for the sessions' archive: started from the programs of this machine, ended with it.
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../lib/ports.mjs';
import { run, start, stop } from '../lib/processes.mjs';
import { until } from './clock.mjs';

const FAST = ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=60'];

/** Postgres refuses to run as root: then it runs as the user its package made, or as nobody. */
function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag, user) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  for (const user of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', user), gid: idOf('-g', user) };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('Postgres does not run as root, and there is no other user for it.');
}

/** Starts it with the programs in a folder. Resolves with `{ url, stop }`. */
export async function startPostgres(programs) {
  const folder = mkdtempSync(join(tmpdir(), 'drill-postgres-'));
  const identity = unprivileged();
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  const made = await run(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'drill', '--auth=trust', '-E', 'UTF8', '--no-sync'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...identity },
  );
  if (made.code !== 0) throw new Error(`initdb failed:\n${made.stderr}`);
  const port = await freePort(0);
  const server = start(
    join(programs, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, ...FAST],
    { cwd: folder, stdio: 'ignore', ...identity },
  );
  await until(
    () => server.exitCode !== null || isOpen(port),
    'Postgres accepting connections',
    20_000,
  );
  if (server.exitCode !== null) throw new Error(`Postgres ended with code ${server.exitCode}.`);
  return {
    url: `postgres://drill@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await stop(server, 3_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(false));
  });
}
