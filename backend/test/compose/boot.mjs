// @ts-check
// From nothing to a cluster that stands: health, quorum, limits, and no password where it does not belong.
import { readFileSync } from 'node:fs';
import { NODES, SENTINELS } from './support/cluster.mjs';
import { sh } from './support/shell.mjs';
import { expect } from './support/runner.mjs';

const LIMITS = {
  node: { memory: 512 * 2 ** 20, nanoCpus: 0.5e9 },
  sentinel: { memory: 128 * 2 ** 20, nanoCpus: 0.1e9 },
};
const PROMISED = {
  'min-replicas-to-write': '1',
  'min-replicas-max-lag': '2',
  appendonly: 'no',
  save: '',
};

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function everyHealth(cluster) {
  for (const service of [...NODES, ...SENTINELS]) {
    const { State } = await cluster.inspect(service);
    expect(
      State.Health?.Status === 'healthy',
      `${service} is ${State.Health?.Status ?? State.Status}`,
    );
  }
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function limits(cluster) {
  for (const service of [...NODES, ...SENTINELS]) {
    const { HostConfig } = await cluster.inspect(service);
    const { memory, nanoCpus } = LIMITS[NODES.includes(service) ? 'node' : 'sentinel'];
    expect(HostConfig.Memory === memory, `${service}: ${HostConfig.Memory} bytes`);
    expect(HostConfig.NanoCpus === nanoCpus, `${service}: ${HostConfig.NanoCpus / 1e9} cpus`);
    expect(HostConfig.RestartPolicy.Name === 'unless-stopped', `${service} is not restarted`);
    const bound = Object.values(HostConfig.PortBindings).flat();
    expect(
      bound.every(({ HostIp }) => HostIp === '127.0.0.1'),
      `${service} is open to other machines`,
    );
  }
}

/**
 * The settings that the product promises, as the processes have them.
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
async function settings(cluster) {
  for (const node of NODES) {
    for (const [name, wanted] of Object.entries(PROMISED)) {
      const [, value] = await cluster.list(node, 'CONFIG', 'GET', name);
      expect(value === wanted, `${node}: ${name} is ${value}`);
    }
  }
  const flat = await cluster.list('sentinel-2', 'SENTINEL', 'MASTER', 'mymaster');
  const of = (/** @type {string} */ name) => flat[flat.indexOf(name) + 1];
  const seen = ['quorum', 'down-after-milliseconds', 'failover-timeout', 'parallel-syncs']
    .map(of)
    .join(' ');
  expect(seen === '2 3000 10000 1', `Sentinel has ${seen}`);
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function secrets(cluster) {
  const { REDIS_PASSWORD, REDIS_SENTINEL_PASSWORD } = cluster.env;
  const logs = await cluster.compose('logs', '--no-color');
  for (const service of [...NODES, ...SENTINELS]) {
    const processes = await cluster.docker(
      'top',
      await cluster.container(service),
      '-eo',
      'pid,args',
    );
    for (const secret of [REDIS_PASSWORD, REDIS_SENTINEL_PASSWORD]) {
      expect(!processes.includes(secret), `a password stands in the process list of ${service}`);
      expect(!logs.includes(secret), 'a password stands in the logs');
    }
    expect(
      !/^\s*1?\d*\s+root/m.test(
        await cluster.docker('top', await cluster.container(service), '-eo', 'pid,user'),
      ),
      `${service} runs as root`,
    );
  }
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function strangers(cluster) {
  for (const [service = '', ...command] of [
    ['redis-master', 'GET', 'a'],
    ['sentinel-1', 'SENTINEL', 'MASTERS'],
  ]) {
    const asked = await sh(
      'docker',
      ['exec', await cluster.container(service), 'sh', '-c', cli(service, command)],
      { env: cluster.env },
    );
    expect(/NOAUTH/.test(asked), `${service} answers without a password: ${asked}`);
  }
}

/**
 * @param {string} service
 * @param {readonly string[]} command
 */
function cli(service, command) {
  const port = SENTINELS.includes(service) ? 26379 : 6379;
  return `unset REDISCLI_AUTH; $(command -v redis-cli || command -v valkey-cli) -p ${port} ${command.join(' ')}`;
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function withoutPassword(cluster) {
  const [command = '', ...first] = cluster.composeCommand;
  for (const name of ['REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD']) {
    const env = { ...cluster.env, [name]: '' };
    const said = await sh(command, [...first, '-f', cluster.file, 'config'], { env }).then(
      () => 'nothing',
      (/** @type {Error} */ error) => error.message,
    );
    expect(new RegExp(`${name}[\\s\\S]*openssl rand -base64 32`).test(said), `it says: ${said}`);
  }
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
function noPasswordShipped(cluster) {
  for (const file of [cluster.file, cluster.example]) {
    const line = readFileSync(file, 'utf8').match(
      /^[ \t]*REDIS_(SENTINEL_)?PASSWORD[=:][ \t]*(?!['"]?\$\{)\S+/m,
    );
    expect(line === null, `${file} holds a password: ${line?.[0]}`);
  }
}

/**
 * Brings it up; everything later needs it.
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
export async function boot(runner, cluster) {
  await runner.check(
    'all six services become healthy',
    async (note) => {
      const startedAt = performance.now();
      await cluster.up(...(cluster.hasWait ? ['--wait'] : []));
      await cluster.allHealthy();
      note(`healthy after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    },
    { isVital: true, timeoutMs: 120_000 },
  );
  await runner.check(
    'every Sentinel has a quorum and knows both replicas and both other Sentinels',
    () => cluster.settled(),
    { isVital: true },
  );
}

/**
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
export async function facts(runner, cluster) {
  await runner.check('health checks say healthy', () => everyHealth(cluster));
  await runner.check('limits, restart policy and loopback ports are in force', () =>
    limits(cluster),
  );
  await runner.check('the settings are those that are promised', () => settings(cluster));
  await runner.check('no password in a process list or a log, and nobody is root', () =>
    secrets(cluster),
  );
  await runner.check('a stranger without the password is refused', () => strangers(cluster));
  await runner.check('without a password it says how to make one', () => withoutPassword(cluster));
  await runner.check('no password is shipped', async () => noPasswordShipped(cluster));
}
