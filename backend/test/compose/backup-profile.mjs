// @ts-check
// The profile `backup`: one service takes backups, as a user who may only copy; another one restores, as the operator.
import { expect, until } from './support/runner.mjs';

const PROGRAM = ['node', 'dist/app/cli/program.js'];
const EVERY = '5s';
const KEY = 'backed-up:1';

/** @typedef {import('./support/cluster.mjs').Cluster} Cluster */
/** @typedef {import('./support/runner.mjs').Runner} Runner */

/**
 * @param {Cluster} cluster
 * @param {string[]} words
 */
const backup = (cluster, ...words) =>
  cluster.compose('exec', '-T', 'backup', ...PROGRAM, 'backup', ...words);

/**
 * What lies in the folder, the latest backup first.
 * @param {Cluster} cluster
 */
async function backupsOf(cluster) {
  const list = await backup(cluster, 'list');
  return [...list.matchAll(/^snapshot (\S+): /gm)].map(([, path = '']) => path);
}

/**
 * A backup that was begun after now.
 * @param {Cluster} cluster
 */
async function nextBackup(cluster) {
  // The first that is new may have been begun before.
  for (let round = 0; round < 2; round += 1) {
    const known = new Set(await backupsOf(cluster));
    await until('another backup', 30_000, async () =>
      (await backupsOf(cluster)).some((path) => !known.has(path)) ? undefined : 'there is none',
    );
  }
}

/** @param {Cluster} cluster */
async function takeAndRestore(cluster) {
  cluster.env.BACKUP_EVERY = EVERY;
  await cluster.compose(
    '--profile',
    'backup',
    'up',
    '-d',
    ...(cluster.hasWait ? ['--wait'] : []),
    'backup',
  );
  await cluster.healthy(['backup']);
  await cluster.command(await cluster.agreedPrimary(), 'SET', KEY, 'kept');
  await nextBackup(cluster);
  const verified = await backup(cluster, 'verify', 'latest');
  expect(/^ok {3}\S+: \d+ keys/m.test(verified), verified);
  await cluster.command(await cluster.agreedPrimary(), 'DEL', KEY);
  // Of a cluster that lives the file is named; `latest` is for one that came back empty.
  const [path = ''] = await backupsOf(cluster);
  await cluster.compose('stop', 'backup');
  const said = await cluster.compose(
    'run',
    '--rm',
    '-T',
    'restore',
    path,
    '--merge',
    '--sessions',
    'known',
  );
  const value = await cluster.command(await cluster.agreedPrimary(), 'GET', KEY);
  expect(value === 'kept', `after the restore the key is ${String(value)}: ${said}`);
}

/**
 * The cluster is up, with the image of the backend.
 * @param {Runner} runner
 * @param {{ cluster: Cluster }} place
 */
export async function backedUp(runner, { cluster }) {
  await runner.check(
    'the profile `backup` takes backups that are sealed and verified, and restores one as the operator',
    async () => {
      try {
        await takeAndRestore(cluster);
      } finally {
        // `down -v` leaves backups where they are, unless the profile is named.
        await cluster.compose('--profile', 'backup', 'rm', '-sfv', 'backup');
        await cluster.docker('volume', 'rm', '-f', `${cluster.project}_backup-data`);
      }
    },
    { timeoutMs: 150_000 },
  );
}
