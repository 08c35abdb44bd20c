import { execFile } from 'node:child_process';
import { join } from 'node:path';
import {
  type RedisTestCluster,
  type RedisTestNode,
  startRedisCluster,
} from '../../src/redis/testing/index.js';
import { typeCommand } from '../support/typed-program.js';

jest.setTimeout(90_000);

const SCRIPT = join(__dirname, '..', '..', '..', 'scripts', 'check-sentinel-cluster-health.sh');
// A busy machine is not what is examined here: the thresholds are, in a test of their own.
const GENEROUS = {
  HEALTH_MAX_PING_MS: '500',
  HEALTH_MAX_SET_MS: '500',
  HEALTH_MAX_GET_MS: '500',
  HEALTH_MAX_LAG_MS: '2000',
  HEALTH_SAMPLES: '5',
};

/** What the shell script says, which needs no Node. */
function scriptSays(env: Record<string, string>): Promise<number> {
  const { PATH = '' } = process.env;
  return new Promise((done) => {
    execFile('bash', [SCRIPT], { env: { PATH, ...env } }, (error) =>
      done(error === null ? 0 : Number(error.code)),
    );
  });
}

const portOf = (node: RedisTestNode | undefined): string => `:${String(node?.address.port)}`;

describe('status and baseline', () => {
  let cluster: RedisTestCluster;
  const env = (): Record<string, string> => ({ ...cluster.env(), ...GENEROUS });

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 5_000, sentinelPassword: 'of-the-sentinels' });
  });
  afterEach(async () => {
    const away = cluster.nodes().filter((node) => !node.isAwake);
    for (const node of away) {
      if (node.isFrozen) node.thaw();
      else await node.restart();
    }
    if (away.length > 0) await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  /** What all three say of the same moment. */
  async function verdicts(): Promise<{ script: number; baseline: number; status: number }> {
    const [script, baseline, status] = await Promise.all([
      scriptSays(env()),
      typeCommand(['baseline', '--json'], env()),
      typeCommand(['status', '--json'], env()),
    ]);
    return { script, baseline: baseline.code, status: status.code };
  }

  const all = (code: number) => ({ script: code, baseline: code, status: code });

  it('agree with the shell script that all is well', async () => {
    expect(await verdicts()).toEqual(all(0));
    expect(await cluster.primary().command('DBSIZE')).toBe(0);
  });

  it.each(['freeze', 'kill'] as const)(
    'agree with it after the %s of a replica: degraded, and none of them hangs',
    async (how) => {
      await cluster.replicas()[0]?.[how]();
      expect(await verdicts()).toEqual(all(1));
      const { out } = await typeCommand(['status'], env());
      expect(out).toMatch(/^degraded mymaster: replica /);
      expect(out).toContain(`WARN replica 127.0.0.1${portOf(cluster.replicas()[0])}: `);
    },
  );

  it('agree with it where no replica is left, and the primary refuses writes', async () => {
    for (const replica of cluster.replicas()) await replica.kill();
    await cluster.waitUntil(
      async () =>
        (await cluster.primary().info('replication')).get('min_slaves_good_slaves') === '0',
      { what: 'the primary misses its replicas' },
    );
    expect(await verdicts()).toEqual(all(2));
  });

  it('agree with it while a Sentinel is dead', async () => {
    await cluster.sentinels()[0]?.kill();
    expect(await verdicts()).toEqual(all(1));
  });

  it('agree with it while the primary is away', async () => {
    const primary = await cluster.currentPrimary();
    await primary.kill();
    expect(await verdicts()).toEqual(all(2));
    await cluster.waitForPrimaryOtherThan(primary);
  });

  it('show every server, with figures', async () => {
    const { code, out, told } = await typeCommand(['status'], env());
    expect({ code, told }).toEqual({ code: 0, told: '' });
    for (const node of cluster.nodes()) expect(out).toContain(portOf(node));
    expect(out.match(/ primary /g)).toHaveLength(1);
    expect(out.match(/ replica .* up /g)).toHaveLength(2);
    expect(out.match(/ sentinel .* quorum /g)).toHaveLength(3);
    expect(out).not.toContain('WARN');
  });

  it('never show a line that is wider than the terminal', async () => {
    await cluster.replicas()[1]?.kill();
    for (const columns of [80, 200]) {
      const { out } = await typeCommand(['status'], env(), { columns });
      const table = out.split('\n').filter((line) => /^(server|127)/.test(line));
      expect(table).toHaveLength(7);
      expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });

  it('call it degraded where it is slower than a threshold, by option or variable', async () => {
    const byOption = await typeCommand(['baseline', '--max-set', '0.000001'], env());
    expect(byOption.code).toBe(1);
    expect(byOption.out).toMatch(/WARN SET \S+: \d+\.\d{3} ms \(< 0\.000001 ms\)/);
    const slow = { ...env(), HEALTH_MAX_GET_MS: '0.000001' };
    const byVariable = await typeCommand(['baseline'], slow);
    expect(byVariable.out.match(/WARN GET/g)).toHaveLength(2);
    expect(byVariable.out).toMatch(/^degraded: 2 warnings, 0 failures$/m);
  });

  it('work for one Redis without Sentinels', async () => {
    const { host, port } = cluster.primary().address;
    const { REDIS_PASSWORD = '' } = cluster.env();
    const node = ['--node', `${host}:${String(port)}`, '--json'];
    const alone = { REDIS_PASSWORD, ...GENEROUS };
    const [status, baseline] = [
      await typeCommand(['status', ...node], alone),
      await typeCommand(['baseline', ...node], alone),
    ];
    expect(status.documents[0]).toMatchObject({ verdict: 'healthy', sentinels: [] });
    expect(baseline.documents[0]).toMatchObject({ verdict: 'healthy', masterName: null });
  });

  it('say which password is wrong, and never show one', async () => {
    const { REDIS_PASSWORD = '' } = cluster.env();
    const wrong = { ...env(), REDIS_PASSWORD: 'a-wrong-password' };
    for (const name of ['status', 'baseline']) {
      const { code, out, told } = await typeCommand([name], wrong);
      expect(code).toBe(2);
      expect(out).toMatch(/FAIL primary \S+: .*(password|WRONGPASS)/i);
      for (const secret of ['a-wrong-password', REDIS_PASSWORD, 'of-the-sentinels']) {
        expect(out + told).not.toContain(secret);
      }
    }
  });

  it('tell what changes, line by line, where there is no terminal', async () => {
    const ending = new AbortController();
    const lines: string[] = [];
    const [replica] = cluster.replicas();
    let killed: Promise<void> | undefined;
    const { code, out } = await typeCommand(['status', '--watch', '--every', '200ms'], env(), {
      signal: ending.signal,
      onLine: (line) => {
        lines.push(line);
        // The picture is whole with its last line.
        if (lines.length === 9) killed = replica?.kill();
        if (line.includes(`${portOf(replica)}: answers yes -> no`)) ending.abort();
      },
    });
    await killed;
    expect(code).toBe(130);
    expect(out).toMatch(/^healthy mymaster\n/);
    const changes = lines.slice(9);
    expect(changes[0]).toMatch(/^\d{4}-\d\d-\d\dT\S+Z degraded: replica /);
  });

  it('draw over what stands there on a terminal, until somebody presses q', async () => {
    let press: (key: string) => void = () => undefined;
    let pictures = 0;
    const { code, out } = await typeCommand(['status', '--watch', '--every', '200ms'], env(), {
      columns: 80,
      keys: (hear) => (press = hear),
      onLine: (line) => {
        if (!line.endsWith('q ends')) return;
        pictures += 1;
        press(pictures === 3 ? 'q' : 'x');
      },
    });
    expect({ code, pictures }).toEqual({ code: 0, pictures: 3 });
    const up = '\u001b[1A\u001b[2K';
    // Each picture but the first takes away the eleven lines of the one before.
    expect(out.split(up)).toHaveLength(2 * 11 + 1);
  });
});
