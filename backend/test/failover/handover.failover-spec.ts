import { resolve } from 'node:path';
import { CASES } from '../../bench/handover/cases.js';
import { stopPrimary } from '../../bench/handover/planned-stop.js';
import { ScriptCluster } from '../../bench/handover/script-cluster.js';
import { RespClient, waitUntil } from '../../src/redis/testing/index.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(120_000);

const scripts = resolve('deploy/redis');

describe('a planned stop of the primary by the scripts of the Compose file', () => {
  let cluster: ScriptCluster;

  beforeAll(async () => {
    cluster = await ScriptCluster.start({ scripts, minReplicasToWrite: 1 });
  });
  afterAll(() => cluster.stop());

  it.each(CASES.map((each) => [each.what, each] as const))(
    'hands over and loses no acknowledged write when %s',
    async (_, each) => {
      const { clients, hasHandedOver, said } = await stopPrimary(cluster, each, 1);
      expect({ said, hasHandedOver }).toEqual({ said, hasHandedOver: true });
      expect(clients.ours.lost).toBe(0);
      expect(each.isSafeForAll ? clients.plain.lost : clients.plain.lostWhilePaused).toBe(0);
    },
  );

  it('hands over through another Sentinel where one does not reach the nodes', async () => {
    const primary = await cluster.settle();
    // The scripts look at them in this order, and took the last one.
    const blind = [...cluster.sentinels]
      .sort((a, b) => String(a.port).localeCompare(String(b.port)))
      .at(-1)!;
    const set = (password: string) =>
      blind.command('SENTINEL', 'SET', 'mymaster', 'auth-pass', password);
    await set('wrong');
    await waitUntil(
      async () => {
        const replicas = JSON.stringify(await blind.command('SENTINEL', 'REPLICAS', 'mymaster'));
        return (replicas.match(/s_down/g) ?? []).length === 2;
      },
      { what: 'it calls the replicas down', timeoutMs: 30_000 },
    );
    await primary.stop();
    const said = primary.lines.map(({ text }) => text).join('\n');
    await set(cluster.password);
    await cluster.startMissing();
    await cluster.settle();
    expect(said).toMatch(/handed over to \S+$/m);
  });

  it('lets writes go on when there is nobody to hand over to', async () => {
    const primary = await cluster.settle();
    const replicas = cluster.nodes.filter((node) => node !== primary);
    await Promise.all(replicas.map((node) => node.stop()));
    await primary.stop();
    const said = primary.lines.map(({ text }) => text).join('\n');
    expect(said).toContain('hands over to nobody');
    expect(said).not.toContain('paused');
    await cluster.startMissing();
    await cluster.settle();
  });
});

describe('a planned stop whose failover does not come to an end', () => {
  let cluster: ScriptCluster;

  beforeAll(async () => {
    // Sentinel promotes with SLAVEOF, so it has begun and cannot finish.
    const environment = { REDIS_EXTRA_CONFIG: 'bind 127.0.0.1\nrename-command SLAVEOF ""' };
    const more = { ...environment, HANDOVER_SECONDS: '4' };
    cluster = await ScriptCluster.start({ scripts, minReplicasToWrite: 0, environment: more });
  });
  afterAll(() => cluster.stop());

  it('executes no write any more after a Sentinel has said yes', async () => {
    const primary = await cluster.settle();
    const client = await RespClient.connect(
      { host: '127.0.0.1', port: primary.port },
      { password: cluster.password, deadlineMs: 20_000 },
    );
    await client.command(['SET', 'acknowledged', 'yes']);
    const ended = primary.stop();
    await waitUntil(
      () => cluster.sentinels.some((sentinel) => sentinel.wroteAt(/\+try-failover/) !== null),
      { what: 'a Sentinel has begun the failover' },
    );
    const held = outcomeOf(client.command(['SET', 'held', 'yes']), 20_000);
    await ended;
    expect(await held).toMatchObject({
      value: undefined,
      error: { message: expect.stringMatching(/closed|broke/) as string },
    });
    expect(primary.lines.map(({ text }) => text).join('\n')).toContain('ends with writes paused');
    for (const node of cluster.nodes.filter(({ isRunning }) => isRunning)) {
      await expect(node.command('GET', 'acknowledged')).resolves.toBe('yes');
    }
  });
});
