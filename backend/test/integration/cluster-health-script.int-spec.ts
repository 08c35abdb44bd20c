import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort } from '../../src/redis/lab/index.js';
import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';

jest.setTimeout(90_000);

const SCRIPT = join(__dirname, '..', '..', '..', 'scripts', 'check-sentinel-cluster-health.sh');
const PASSWORD = 'secret-of-the-nodes';
const SENTINEL_PASSWORD = 'secret-of-the-sentinels';

interface Verdict {
  readonly code: number;
  readonly lines: string[];
  readonly output: string;
  readonly tookMs: number;
}

function run(env: Record<string, string>, ...args: string[]): Promise<Verdict> {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('REDIS'));
  const startedAt = performance.now();
  return new Promise((done) => {
    // A busy machine is not what is examined here: the thresholds are, in a test of their own.
    const generous = { HEALTH_MAX_PING_MS: '500', HEALTH_MAX_SET_MS: '500' };
    const most = { ...generous, HEALTH_MAX_GET_MS: '500', HEALTH_MAX_LAG_MS: '2000' };
    const all = { ...Object.fromEntries(clean), ...most, ...env };
    execFile('bash', [SCRIPT, ...args], { env: all }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      const code = error === null ? 0 : Number(error.code);
      const tookMs = performance.now() - startedAt;
      done({ code, output, lines: output.trim().split('\n'), tookMs });
    });
  });
}

const saying = ({ lines }: Verdict, ...words: string[]): string[] =>
  lines.filter((line) => words.every((word) => line.includes(word)));

const portOf = (node: RedisTestNode | undefined): string => `:${String(node?.address.port)}`;

describe('scripts/check-sentinel-cluster-health.sh', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({
      downAfterMs: 3000,
      password: PASSWORD,
      sentinelPassword: SENTINEL_PASSWORD,
    });
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

  it('says that all is well, with a number for everything, and leaves no key behind', async () => {
    const verdict = await run(cluster.env());
    expect(verdict.output).toMatch(/^healthy: 0 warnings, 0 failures$/m);
    expect(verdict.code).toBe(0);
    expect(saying(verdict, 'ok', 'sentinel', 'can fail over (quorum 2)')).toHaveLength(3);
    expect(saying(verdict, 'ok', 'discovery: 3 of 3')).toHaveLength(1);
    expect(saying(verdict, 'ok', 'primary', 'role master, 2 replicas')).toHaveLength(1);
    expect(saying(verdict, 'ok', 'replica', 'link up')).toHaveLength(2);
    for (const what of ['PING', 'SET']) {
      expect(saying(verdict, `ok   ${what} `)[0]).toMatch(/: \d+\.\d{3} ms \(< 500 ms\)$/);
    }
    expect(saying(verdict, 'ok   GET ')).toHaveLength(2);
    expect(saying(verdict, 'ok   lag')[0]).toMatch(/2 of 2 replicas have a write after \d/);
    expect(await cluster.primary().command('DBSIZE')).toBe(0);
  });

  it('says the same as JSON, from options instead of variables', async () => {
    const { REDIS_SENTINELS, REDIS_PASSWORD, REDIS_SENTINEL_PASSWORD } = cluster.env();
    const passwords = { REDIS_PASSWORD, REDIS_SENTINEL_PASSWORD } as Record<string, string>;
    const args = ['--json', '--sentinels', REDIS_SENTINELS ?? '', '--master-name', 'mymaster'];
    const { output, code } = await run(passwords, ...args);
    const report = JSON.parse(output) as {
      readonly primary: string;
      readonly checks: readonly { readonly level: string }[];
    };
    expect(report).toMatchObject({ verdict: 'healthy', exitCode: code, masterName: 'mymaster' });
    expect(report.primary).toContain(portOf(cluster.primary()));
    const levels = report.checks.map(({ level }) => level);
    expect(new Set(levels)).toEqual(new Set(['ok']));
    expect(levels.length).toBeGreaterThan(10);
  });

  it('counts a Sentinel once that is named twice', async () => {
    const { REDIS_SENTINELS = '' } = cluster.env();
    const twice = `${REDIS_SENTINELS},${REDIS_SENTINELS.split(',')[0] ?? ''}`;
    const verdict = await run({ ...cluster.env(), REDIS_SENTINELS: twice });
    expect(saying(verdict, 'ok   discovery: 3 of 3')).toHaveLength(1);
  });

  it('notes a replica that one Sentinel does not know yet, whom it could not promote', async () => {
    const [late, ...others] = cluster.sentinels();
    const look = (one: RedisTestNode, everyMs: string): Promise<unknown> =>
      one.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', everyMs);
    await look(late!, '3600000');
    for (const one of others) await look(one, '100');
    const added = await startRedisServer({ password: PASSWORD });
    const { node } = added;
    await node.command('CONFIG', 'SET', 'masterauth', PASSWORD);
    await node.command('REPLICAOF', '127.0.0.1', portOf(cluster.primary()).slice(1));
    const rolesWhen = (what: string, isIt: (line: string) => boolean): Promise<string> =>
      cluster.waitUntil(
        async () => saying(await run(cluster.env()), ' roles: ').find((line) => isIt(line)),
        { what, timeoutMs: 30_000 },
      );

    const names = `${portOf(late)} does not know the replica 127.0.0.1${portOf(node)} yet`;
    expect(await rolesWhen(names, (line) => line.includes(names))).toMatch(
      /^note roles: .* has asked the primary \d+ s ago, and looks again within \d+ s; a planned failover waits for that$/,
    );
    await look(late!, '100');
    await rolesWhen('it knows all', (line) => line.startsWith('ok'));

    await added.stop();
    for (const one of cluster.sentinels()) {
      await one.command('SENTINEL', 'RESET', 'mymaster');
      await look(one, '10000');
    }
    await cluster.waitForReady();
  });

  it('calls a cluster degraded where Sentinel may promote none of the replicas', async () => {
    const replicas = cluster.replicas();
    const mayBe = (priority: string): Promise<unknown> =>
      Promise.all(
        replicas.map((one) => one.command('CONFIG', 'SET', 'replica-priority', priority)),
      );
    await mayBe('0');
    const verdict = await run(cluster.env());
    await mayBe('100');
    const isForgotten = async (): Promise<boolean> => {
      const said = await Promise.all(
        cluster.sentinels().map((one) => one.command('SENTINEL', 'REPLICAS', 'mymaster')),
      );
      return !JSON.stringify(said).includes('"slave-priority","0"');
    };
    await cluster.waitUntil(isForgotten, {
      what: 'no Sentinel has read a priority of 0',
      timeoutMs: 20_000,
    });
    expect(saying(verdict, 'ok   replica', 'never promoted (priority 0)')).toHaveLength(2);
    expect(saying(verdict, 'WARN redundancy: 0 of 2 replicas can take over')).toHaveLength(1);
    expect(verdict.code).toBe(1);
  });

  it('calls a cluster degraded that is slower than the thresholds', async () => {
    const verdict = await run({ ...cluster.env(), HEALTH_MAX_SET_MS: '0.000001' });
    expect(verdict.code).toBe(1);
    expect(saying(verdict, 'WARN SET', '(< 0.000001 ms)')).toHaveLength(1);
  });

  it.each(['freeze', 'kill'] as const)(
    'calls a cluster degraded after the %s of a replica, and does not hang',
    async (how) => {
      const [replica] = cluster.replicas();
      await replica?.[how]();
      const verdict = await run(cluster.env());
      expect(verdict.code).toBe(1);
      expect(saying(verdict, 'WARN replica', portOf(replica))).toHaveLength(1);
      expect(saying(verdict, 'ok', '1 of 2 replicas can take over')).toHaveLength(1);
      expect(saying(verdict, 'ok   SET')).toHaveLength(1);
      expect(verdict.tookMs).toBeLessThan(20_000);
    },
  );

  it('fails when no replica is left, since the primary then refuses writes', async () => {
    for (const replica of cluster.replicas()) await replica.kill();
    await cluster.primary().command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const verdict = await run(cluster.env());
    await cluster.primary().command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    expect(verdict.code).toBe(2);
    expect(saying(verdict, 'FAIL SET', 'NOREPLICAS')).toHaveLength(1);
    expect(saying(verdict, 'WARN redundancy: 0 of 2')).toHaveLength(1);
  });

  it('calls a cluster degraded when one Sentinel is dead, and again when no quorum is left', async () => {
    const [first, second] = cluster.sentinels();
    await first?.kill();
    const one = await run(cluster.env());
    expect(one.code).toBe(1);
    expect(saying(one, 'WARN sentinel', portOf(first), 'cannot be connected to')).toHaveLength(1);
    expect(saying(one, 'ok', '2 of 3 Sentinels can decide it')).toHaveLength(1);
    await second?.kill();
    const third = cluster.sentinels()[2];
    await cluster.waitUntil(
      async () => {
        const view = JSON.stringify(await third?.command('SENTINEL', 'SENTINELS', 'mymaster'));
        return (view.match(/s_down/g) ?? []).length >= 2;
      },
      { what: 'the last Sentinel misses the others' },
    );
    const two = await run(cluster.env());
    expect(two.code).toBe(1);
    expect(saying(two, 'WARN', 'no automatic failover', 'NOQUORUM')).toHaveLength(1);
    expect(saying(two, 'WARN redundancy', '0 of 3 Sentinels can decide it')).toHaveLength(1);
  });

  it('fails from the loss of the primary until there is a new one', async () => {
    const old = await cluster.currentPrimary();
    await old.kill();
    const during = await run(cluster.env());
    expect(during.code).toBe(2);
    expect(saying(during, 'FAIL primary', portOf(old), 'cannot be connected to')).toHaveLength(1);
    const next = await cluster.waitForPrimaryOtherThan(old);
    await cluster.waitUntil(
      async () => (await run({ ...cluster.env(), HEALTH_SAMPLES: '3' })).code === 1,
      { what: 'the others follow the new primary', timeoutMs: 20_000 },
    );
    const after = await run(cluster.env());
    expect(saying(after, 'ok   primary', portOf(next))).toHaveLength(1);
    expect(saying(after, 'WARN replica', portOf(old))).toHaveLength(1);
  });

  it('says which password is wrong or missing, and never shows one', async () => {
    const wrong = { REDIS_PASSWORD: 'wrong-one' };
    const nodes = await run({ ...cluster.env(), ...wrong });
    expect(nodes.code).toBe(2);
    expect(saying(nodes, 'FAIL primary', 'check REDIS_PASSWORD')).toHaveLength(1);
    const none = await run({ ...cluster.env(), REDIS_PASSWORD: '' });
    expect(saying(none, 'FAIL primary', 'set REDIS_PASSWORD')).toHaveLength(1);
    const sentinels = await run({ ...cluster.env(), REDIS_SENTINEL_PASSWORD: 'wrong-one' });
    expect(sentinels.code).toBe(2);
    expect(saying(sentinels, 'FAIL discovery', 'check REDIS_SENTINEL_PASSWORD')).toHaveLength(1);
    for (const { output } of [nodes, none, sentinels]) {
      expect(output).not.toContain('wrong-one');
      expect(output).not.toContain(PASSWORD);
      expect(output).not.toContain(SENTINEL_PASSWORD);
    }
  });

  it('takes passwords from files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'health-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), `${text}\n`);
      return join(folder, name);
    };
    const fromFiles = {
      ...cluster.env(),
      REDIS_PASSWORD: '',
      REDIS_PASSWORD_FILE: file('redis', PASSWORD),
      REDIS_SENTINEL_PASSWORD: '',
      REDIS_SENTINEL_PASSWORD_FILE: file('sentinel', SENTINEL_PASSWORD),
    };
    const verdict = await run(fromFiles);
    rmSync(folder, { recursive: true });
    expect(verdict.output).toContain('healthy: 0 warnings, 0 failures');
    const gone = await run(fromFiles);
    expect(gone.code).toBe(64);
    expect(gone.output).toContain('REDIS_PASSWORD_FILE');
  });

  it.each<[string, Record<string, string>]>([
    ['REDIS_TLS=1', { REDIS_TLS: '1' }],
    ['REDIS_TLS=Yes', { REDIS_TLS: 'Yes' }],
    ['the file of an authority alone', { REDIS_TLS_CA_FILE: SCRIPT }],
  ])('speaks TLS with %s, as the library does', async (_, tls) => {
    const { code, output } = await run({ ...cluster.env(), ...tls });
    expect(code).toBe(2);
    expect(output).toMatch(/FAIL primary/);
  });

  it('refuses a word for TLS that it does not know', async () => {
    const { code, output } = await run({ ...cluster.env(), REDIS_TLS: 'perhaps' });
    expect(code).toBe(64);
    expect(output).toContain('REDIS_TLS is "perhaps"');
  });

  it('follows a map to nodes whose announced addresses cannot be reached from here', async () => {
    const { port: free, release } = await claimPort();
    const announced = `127.0.0.1${portOf(cluster.primary())}`;
    const verdict = await run(cluster.env(), '--map', `${announced}=127.0.0.1:${String(free)}`);
    expect(verdict.code).toBe(2);
    expect(saying(verdict, 'FAIL primary', announced, 'cannot be connected to')).toHaveLength(1);
    const same = await run({ ...cluster.env(), REDIS_NAT_MAP: `${announced}=${announced}` });
    expect(same.code).toBe(0);
    release();
  });

  it.each([
    ['no Sentinels', [], /no Sentinels: give --sentinels/],
    ['an unknown option', ['--fast'], /there is no option --fast/],
    ['an option without its value', ['--sentinels'], /--sentinels needs a value/],
    ['an address without a port number', ['--sentinels', 'a:b'], /"a:b" is not an address/],
    ['an address that looks like an option', ['--sentinels', '-h:1'], /is not an address/],
    ['a map without two sides', ['--sentinels', 'a:1', '--map', 'b:1'], /is not a mapping/],
  ])('is used wrongly with %s: 64 and a remedy', async (_what, args, message) => {
    const verdict = await run({}, ...args);
    expect(verdict.code).toBe(64);
    expect(verdict.output).toMatch(message);
  });

  it.each(['HEALTH_MAX_PING_MS', 'HEALTH_TIMEOUT_S', 'HEALTH_SAMPLES'])(
    'is used wrongly with a %s that is no number',
    async (name) => {
      const verdict = await run({ ...cluster.env(), [name]: 'fast' });
      expect(verdict.code).toBe(64);
      expect(verdict.output).toContain(`${name}=fast`);
    },
  );

  it('explains itself', async () => {
    const verdict = await run({}, '--help');
    expect(verdict.code).toBe(0);
    expect(verdict.output).toMatch(/^usage: check-sentinel-cluster-health\.sh/);
  });
});
