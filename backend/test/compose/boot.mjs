// @ts-check
// From nothing to a cluster that stands: health, quorum, limits, and no password where it does not belong.
import { readdirSync, readFileSync } from 'node:fs';
import { strangers } from './strangers.mjs';
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

/**
 * Every password, and who has it.
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
export function everyPassword(cluster) {
  return readdirSync(cluster.secret('users')).map((name) => ({
    name,
    secret: readFileSync(cluster.secret('users', name), 'utf8').trim(),
  }));
}

/**
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {readonly string[]} [services]
 */
export async function secrets(cluster, services = [...NODES, ...SENTINELS]) {
  const logs = await cluster.compose('logs', '--no-color');
  const known = everyPassword(cluster);
  expect(known.length >= 13, `only ${known.length} passwords were made`);
  for (const service of services) {
    const id = await cluster.container(service);
    const places = {
      'the process list': await cluster.docker('top', id, '-eo', 'pid,args'),
      'docker inspect': await cluster.docker('inspect', id),
      'a log': logs,
    };
    for (const { name, secret } of known) {
      for (const [place, text] of Object.entries(places)) {
        expect(!text.includes(secret), `the password ${name} stands in ${place} of ${service}`);
      }
    }
  }
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function nobodyIsRoot(cluster) {
  for (const service of [...NODES, ...SENTINELS]) {
    const users = await cluster.docker('top', await cluster.container(service), '-eo', 'pid,user');
    expect(!/^\s*\d+\s+root/m.test(users), `${service} runs as root`);
  }
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
async function withoutSecrets(cluster) {
  const [command = '', ...first] = cluster.composeCommand;
  const env = { ...cluster.env, REDIS_SECRETS: '' };
  const said = await sh(command, [...first, '-f', cluster.file, 'config'], { env }).then(
    () => 'nothing',
    (/** @type {Error} */ error) => error.message,
  );
  expect(/REDIS_SECRETS[\s\S]*deploy\/redis\/make-secrets\.sh/.test(said), `it says: ${said}`);
}

/** @param {import('./support/cluster.mjs').Cluster} cluster */
function noPasswordShipped(cluster) {
  for (const file of [cluster.file, cluster.example]) {
    const line = readFileSync(file, 'utf8').match(/^[ \t]*\w*PASSWORD[=:][ \t]*(?!['"]?\$\{)\S+/m);
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
  await runner.check('no password in a process list, a log or `docker inspect`', () =>
    secrets(cluster),
  );
  await runner.check('nobody is root', () => nobodyIsRoot(cluster));
  await strangers(runner, cluster);
  await runner.check('without secrets it says how to make them', () => withoutSecrets(cluster));
  await runner.check('no password is shipped', async () => noPasswordShipped(cluster));
}
