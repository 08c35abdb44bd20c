import { spawnSync } from 'node:child_process';
import { resolveFromEnv } from '../../redis/config/index.js';
import { Screen } from '../screen/index.js';
import { drawCluster, drawVariables } from './draw-cluster.js';
import type { ClusterReport } from './cluster-shape.js';

const REPORT: ClusterReport = {
  ...{ place: '/folder', profile: 'default', problems: [], ended: null },
  nodes: [],
  operator: {},
  variables: {
    REDIS_SENTINEL_ENABLED: 'true',
    REDIS_SENTINEL_MASTER_NAME: 'mymaster',
    REDIS_SENTINELS: '127.0.0.1:1,127.0.0.1:2,127.0.0.1:3',
    REDIS_PASSWORD_FILE: __filename,
  },
};

/** What a shell had from another Redis: all of it contradicts, or leads elsewhere. */
const BEFORE = {
  ...{ REDIS_PASSWORD: 'a', REDIS_SENTINEL_PASSWORD: 'b', REDIS_MODE: 'standalone' },
  ...{ REDIS_HOST: 'elsewhere', REDIS_URL: 'redis://elsewhere', REDIS_SENTINEL_HOSTS: 'c:1' },
  ...{ REDIS_NAT_MAP: 'd:1=e:1', REDIS_MASTER_NAME: 'other', REDIS_USERNAME: 'f' },
  ...{ REDIS_TLS: 'true', REDIS_TLS_CA_FILE: '/no/file', REDIS_SENTINEL_TLS: 'true' },
  ...{ REDIS_SENTINEL_USERNAME: 'g', REDIS_SENTINEL_PASSWORD_FILE: '/no/file', REDIS_PORT: '1' },
};

describe('the variables of a cluster', () => {
  it('lead a shell to it that had those of another Redis, and leave the rest alone', () => {
    const script = [...drawVariables(REPORT), 'env'].join('\n');
    const { stdout } = spawnSync('sh', ['-c', script], {
      env: { ...BEFORE, REDIS_ROUTING_READ_TIMEOUT_MS: '300', PATH: process.env['PATH'] },
      encoding: 'utf8',
    });
    const lines = stdout.split('\n').filter((line) => line.startsWith('REDIS_'));
    const env = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(env).toEqual({ ...REPORT.variables, REDIS_ROUTING_READ_TIMEOUT_MS: '300' });
    expect(resolveFromEnv(env)).toMatchObject({ options: { mode: 'sentinel' }, warnings: [] });
  });

  it('are none where nothing runs, and a shell keeps what it has', () => {
    expect(drawVariables({ ...REPORT, variables: {} })).toEqual([]);
  });
});

describe('the last screen of a cluster', () => {
  const screen = new Screen({ write: () => true }, false);
  const drawn = (report: ClusterReport): string =>
    drawCluster(report, 'npx nestjs-redis-ha cluster up', screen).join('\n');
  const node = { name: 'node-1', address: null, process: null, role: null };

  it('says what is typed to have its variables', () => {
    const whole = drawn({ ...REPORT, nodes: [{ ...node, state: 'running' }] });
    expect(whole).toContain('eval "$(npx nestjs-redis-ha cluster up --env)"');
    expect(whole).not.toContain('starts what is gone');
  });

  it('says what starts a node that is gone', () => {
    const broken = drawn({ ...REPORT, nodes: [{ ...node, state: 'gone' }] });
    expect(broken).toContain('npx nestjs-redis-ha cluster up starts what is gone');
  });
});
