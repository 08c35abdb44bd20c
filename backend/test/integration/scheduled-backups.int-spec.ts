import { EXIT } from '../../src/cli/frame/index.js';
import { waitUntil } from '../../src/redis/testing/index.js';
import { BackupRig, type Ran } from '../support/backup-rig.js';
import { ShippedCluster } from '../support/shipped-cluster.js';

jest.setTimeout(90_000);

const snapshotsOf = ({ lines }: Ran): string[] =>
  lines.flatMap(({ path, header }) =>
    (header as { kind?: string } | null)?.kind === 'snapshot' ? [String(path)] : [],
  );

describe('the user `backup` of the shipped cluster', () => {
  const rig = new BackupRig();
  let cluster: ShippedCluster;

  beforeAll(async () => {
    cluster = await ShippedCluster.start({ announce: '127.0.0.1', hasUsers: true });
  });
  afterAll(async () => {
    await rig.close();
    await cluster.stop();
  });

  it('takes one backup after the other, writes down what is ended, and removes what is not kept', async () => {
    const env = { ...cluster.env('backup'), BACKUP_KEEP: 'hourly=1' };
    const end = await rig.follow(env, '--every', '1s');
    const seen = new Set<string>();
    await waitUntil(
      async () => {
        for (const path of snapshotsOf(await rig.run(env, 'list'))) seen.add(path);
        return seen.size >= 3;
      },
      { what: 'three backups were taken', timeoutMs: 30_000 },
    );
    await rig.untilHeard(env);
    const ran = await end();
    expect(ran.lines.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(ran.lines.flatMap(({ removed }) => removed ?? [])).toContain([...seen][0]);
    expect(snapshotsOf(await rig.run(env, 'list')).length).toBeLessThanOrEqual(2);
    expect((await rig.run(env, 'check')).code).toBe(EXIT.done);
  });

  it('may not restore: that is for the operator', async () => {
    // Of a cluster that lives the file is named.
    const [path = ''] = snapshotsOf(await rig.run(cluster.env('backup'), 'list'));
    const refused = await rig.run(cluster.env('backup'), 'restore', path, '--merge');
    expect(refused.refusal?.message).toMatch(/NOPERM|permission/);
    expect(refused.code).toBe(EXIT.failed);
    const done = await rig.run(cluster.env('operator'), 'restore', path, '--merge');
    expect(done.refusal).toBeNull();
    expect(done.code).toBe(EXIT.done);
  });

  it('is told at once what is typed wrongly', async () => {
    const env = cluster.env('backup');
    expect((await rig.run(env, 'take', '--every', '1h')).refusal?.message).toBe(
      'backup take takes no --every',
    );
    const run = await rig.run({ ...env, BACKUP_KEEP: 'often' }, 'follow', '--every', '1h');
    expect(run.refusal?.message).toContain('BACKUP_KEEP has "often" in it');
  });
});
