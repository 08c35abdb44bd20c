import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../../src/cli/frame/index.js';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { runJson, type DoctorRun } from '../support/doctor-rig.js';
import { ShippedCluster, type ShippedPlan } from '../support/shipped-cluster.js';
import { untilWhole } from '../support/whole-survey.js';

jest.setTimeout(90_000);

const doctor = (env: Readonly<Record<string, string>>, ...args: string[]): Promise<DoctorRun> =>
  runJson(['doctor', '--sessions', ...args, '--json'], env);

/** What is more than advice, and not only degraded. */
const misconfigurations = ({ findings }: DoctorRun): string[] =>
  findings
    .filter(({ severity }) => severity !== 'advice' && severity !== 'degraded')
    .map(({ code, evidence }) => `${code} ${JSON.stringify(evidence)}`);

const SHIPPED: readonly (readonly [string, ShippedPlan])[] = [
  ['Compose, with its users and TLS', { announce: '127.0.0.1', hasUsers: true }],
  [
    'Kubernetes with persistence, and Railway: names, and one password',
    { announce: 'localhost', hasUsers: false, environment: { REDIS_APPENDONLY: 'yes' } },
  ],
];

describe.each(SHIPPED)('doctor, of the cluster as it is shipped for %s', (_, plan) => {
  let cluster: ShippedCluster;

  beforeAll(async () => {
    cluster = await ShippedCluster.start(plan);
  });
  afterAll(() => cluster.stop());

  it.each(['operator', 'app'] as const)('finds nothing as %s', async (user) => {
    const run = await doctor(cluster.env(user), ...(plan.hasUsers ? ['--rights-of', 'app'] : []));
    expect({ findings: run.findings, code: run.code }).toEqual({ findings: [], code: EXIT.done });
  });
});

describe('doctor, of the practice cluster', () => {
  const PORTS = ['7001', '7002', '7003', '27001', '27002', '27003'];
  const page = readFileSync(join(__dirname, '../../../docs/operations/README.md'), 'utf8');
  const blocks = [...page.matchAll(/```bash\n([^]*?)```/g)].map(([, text = '']) => text);
  const blockWith = (text: string): string => blocks.find((block) => block.includes(text)) ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'practice-'));
  const claims: PortClaim[] = [];
  const bash = (...parts: string[]): void => {
    const text = PORTS.reduce(
      (script, port, at) =>
        script.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), String(claims[at]?.port)),
      parts.join('\n'),
    );
    execFileSync('bash', ['-c', text], { cwd: folder, stdio: 'ignore' });
  };

  beforeAll(async () => {
    for (let i = 0; i < PORTS.length; i++) claims.push(await claimPort());
    bash(blockWith('redis-server $port/redis.conf'));
  });
  afterAll(() => {
    bash(
      'export REDIS_PASSWORD=practice-only',
      blockWith('redis_at() ('),
      blockWith('SHUTDOWN NOSAVE'),
    );
    for (const { release } of claims) release();
    rmSync(folder, { recursive: true });
  });

  it('has advice only', async () => {
    const sentinels = claims.slice(3).map(({ port }) => `127.0.0.1:${String(port)}`);
    const env = {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_PASSWORD: 'practice-only',
      REDIS_SENTINELS: sentinels.join(','),
    };
    await untilWhole(env);
    expect(await doctor(env)).toMatchObject({ alarms: [], code: EXIT.done });
  });
});

describe('doctor, of a cluster in which something is away', () => {
  let cluster: RedisTestCluster;

  // As `npm start` starts it.
  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 3_000 });
  });
  afterAll(() => cluster.stop());

  it('has advice only while all is there', async () => {
    expect(await doctor(cluster.env())).toMatchObject({ alarms: [], code: EXIT.done });
  });

  it('calls it degraded while a replica restarts, and nothing else', async () => {
    const [replica] = cluster.replicas();
    await replica?.kill();
    const looking = doctor(cluster.env());
    const run = await looking;
    expect(run.alarms).toEqual(['node-down']);
    expect(run.code).toBe(EXIT.unwell);
    const [during] = await Promise.all([doctor(cluster.env()), replica?.restart()]);
    expect(misconfigurations(during)).toEqual([]);
    await cluster.waitForReady();
  });

  it('calls it degraded while a replica stands still, however little time there is', async () => {
    const [replica] = cluster.replicas();
    await replica?.freeze();
    const run = await doctor(cluster.env(), '--deadline', '10s').finally(() => replica?.thaw());
    expect(misconfigurations(run)).toEqual([]);
    expect(run.code).toBe(EXIT.unwell);
    await cluster.waitForReady();
  });

  it('waits for a failover that is under way, and calls the cluster degraded then', async () => {
    const before = cluster.primary();
    await before.kill();
    const run = await doctor(cluster.env());
    expect(misconfigurations(run)).toEqual([]);
    expect(run.alarms).toContain('node-down');
    await cluster.waitForPrimaryOtherThan(before);

    // It comes back as a primary, and is demoted some seconds later.
    await before.restart();
    const hasty = await doctor(cluster.env(), '--deadline', '10s');
    expect(misconfigurations(hasty)).toEqual([]);
    const after = await doctor(cluster.env());
    expect(misconfigurations(after)).toEqual([]);
    await cluster.waitForReady();
    expect(await doctor(cluster.env())).toMatchObject({ alarms: [], code: EXIT.done });
  });
});
