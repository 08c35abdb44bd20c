// @ts-check
// The profile `observability` beside the profile `app`: that it asks everybody, knows its rules, tells somebody, keeps
// its secrets, and that what it knows outlives `down`.
import { cp, rename, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../../../scripts/lib/paths.mjs';
import { everyPassword, secrets } from './boot.mjs';
import { moved } from './faults.mjs';
import { NODES, SENTINELS } from './support/cluster.mjs';
import { Desk } from './support/observer-desk.mjs';
import { OBSERVERS, ONLY_REAL, provideObserverImages } from './support/observer-images.mjs';
import { expect, until } from './support/runner.mjs';
import { freePorts } from './support/shell.mjs';
import { SlackReceiver } from './support/slack-receiver.mjs';

const PORTS = ['PROMETHEUS_PORT', 'ALERTMANAGER_PORT', 'GRAFANA_PORT', 'JAEGER_PORT', 'OTLP_PORT'];
const RULES = at('deploy', 'observability', 'prometheus', 'rules', 'redis-ha.yml');
const SLACK_SECRET = 'planted-slack-secret';
const PAGERDUTY_SECRET = 'planted-pagerduty-key';
const TOLD_WITHIN_MS = 30_000;
const EVERY_S = 5;
/** Two backends, three nodes, three Sentinels; each exporter is asked about each of its six. */
const SCRAPED = { targets: 8, members: 6 };

/** @typedef {import('./support/cluster.mjs').Cluster} Cluster */
/** @typedef {import('./support/runner.mjs').Runner} Runner */
/** @typedef {{ cluster: Cluster, desk: Desk, slack: SlackReceiver, isReal: boolean }} Place */
/** @typedef {(runner: Runner, place: Place) => Promise<void>} Phase */

/**
 * A service is started with what is missing, says so, and is removed again.
 * @param {Cluster} cluster
 * @param {string} service
 * @param {RegExp} complaint
 */
async function refuses(cluster, service, complaint) {
  await cluster.up('--no-deps', service);
  await until(`${service} to refuse`, 20_000, async () => {
    const said = await cluster.compose('logs', '--no-color', service);
    return complaint.test(said) ? undefined : said.slice(-300);
  });
  const { State } = await cluster.inspect(service);
  expect(State.Health?.Status !== 'healthy', `${service} runs all the same`);
  await cluster.compose('rm', '-sf', service);
}

/** @type {Phase} */
async function withoutSecrets(runner, { cluster }) {
  await runner.check('without a secret Alertmanager does not start, and names it', async () => {
    await refuses(cluster, 'alertmanager', /the secret slack-webhook-url is missing/);
  });
  await runner.check('without a password Grafana does not start', async () => {
    const file = cluster.secret('grafana', 'admin-password');
    await rename(file, `${file}.away`);
    await refuses(cluster, 'grafana', /There is no password of Grafana/);
    await rename(`${file}.away`, file);
  });
}

/**
 * @param {Cluster} cluster
 * @param {string} url
 */
async function putSecrets(cluster, url) {
  const path = (/** @type {string} */ name) => cluster.secret('alertmanager', name);
  await writeFile(path('slack-webhook-url'), `${url}/${SLACK_SECRET}`);
  await writeFile(path('pagerduty-routing-key'), PAGERDUTY_SECRET);
}

/**
 * What the document of TLS has one do.
 * @param {Cluster} cluster
 */
async function withTls(cluster) {
  if (!cluster.isTls) return;
  const folder = cluster.secret('prometheus-tls');
  const config = join(folder, 'prometheus.yml');
  await cp(at('deploy', 'observability', 'prometheus'), folder, { recursive: true });
  await writeFile(config, readFileSync(config, 'utf8').replaceAll('redis://', 'rediss://'));
  Object.assign(cluster.env, {
    PROMETHEUS_CONFIG: folder,
    REDIS_EXPORTER_TLS_CA_CERT_FILE: '/run/secrets/exporter/ca.crt',
    REDIS_EXPORTER_TLS_CLIENT_CERT_FILE: '/run/secrets/exporter/client.crt',
    REDIS_EXPORTER_TLS_CLIENT_KEY_FILE: '/run/secrets/exporter/client.key',
  });
}

/** @param {Place} place */
async function closed({ cluster, isReal }) {
  for (const service of isReal ? [...OBSERVERS, ...ONLY_REAL] : OBSERVERS) {
    const { HostConfig } = await cluster.inspect(service);
    const open = Object.values(HostConfig.PortBindings).flat();
    expect(
      open.every(({ HostIp }) => HostIp === '127.0.0.1'),
      `${service} is open to other machines`,
    );
    expect(HostConfig.Memory > 0, `${service} may take any amount of memory`);
    if (ONLY_REAL.includes(service)) continue;
    expect(HostConfig.ReadonlyRootfs, `${service} may write into its image`);
    const users = await cluster.docker('top', await cluster.container(service), '-eo', 'pid,user');
    expect(!/^\s*\d+\s+root/m.test(users), `${service} runs as root`);
  }
}

/** @type {Phase} */
async function start(runner, place) {
  const { cluster, isReal } = place;
  const options = { isVital: true, timeoutMs: 120_000 };
  const services = isReal ? [...OBSERVERS, ...ONLY_REAL] : OBSERVERS;
  const begin = async () => {
    await cluster.up('--no-deps', ...services);
    await cluster.healthy(services.filter((service) => service !== 'jaeger'));
  };
  await runner.check(`healthy: ${services.join(', ')}`, begin, options);
  await runner.check('not root, not writable, not open to other machines', () => closed(place));
}

/** @type {Phase} */
async function knows(runner, { cluster, desk }) {
  await runner.check('Prometheus asks backends, nodes and Sentinels, and all answer', async () => {
    await until('eight targets', 40_000, async () => {
      const [up] = await desk.query('count(up == 1)');
      const [members] = await desk.query('count(redis_up == 1)');
      const isWhole = up === SCRAPED.targets && members === SCRAPED.members;
      return isWhole ? undefined : `${up} targets, ${members} of Redis; ${await desk.troubles()}`;
    });
  });
  await runner.check('the exporters may ask what they ask, as the user `exporter`', async () => {
    for (const service of ['redis-exporter', 'sentinel-exporter']) {
      const log = await cluster.compose('logs', '--no-color', service);
      const refusal = /.*(?:NOAUTH|NOPERM|WRONGPASS).*/.exec(log)?.[0];
      expect(refusal === undefined, `${service}: ${refusal}`);
    }
    const [nodes] = await desk.query('count(redis_connected_slaves)');
    expect(nodes === NODES.length, `figures of ${nodes} nodes`);
    const [sentinels] = await desk.query('count(redis_sentinel_master_status)');
    expect(sentinels === SENTINELS.length, `figures of ${sentinels} Sentinels`);
  });
  await runner.check('every rule that is shipped is evaluated without an error', async (note) => {
    const names = [...readFileSync(RULES, 'utf8').matchAll(/- (?:alert|record): '?([\w:]+)/g)];
    await until('all rules', 20_000, async () => {
      const rules = await desk.rules();
      // What is compared with other days is evaluated once a minute: it need not have had its turn.
      const bad = rules.filter(
        ({ health, interval }) => health === 'err' || (health !== 'ok' && interval <= EVERY_S),
      );
      if (bad.length > 0) return bad.map(({ name, lastError }) => `${name}: ${lastError}`).join();
      const missing = names.filter(([, name]) => !rules.some((rule) => rule.name === name));
      return missing.length === 0 ? undefined : `missing: ${missing.map(([, name]) => name)}`;
    });
    note(`${names.length} rules`);
  });
  await runner.check('Alertmanager has the shipped routes, and is told by Prometheus', async () => {
    const config = await desk.alertmanagerConfig();
    for (const receiver of ['slack', 'pagerduty', 'watchdog']) {
      expect(config.includes(`name: ${receiver}`), `it has no receiver ${receiver}`);
    }
    await until('the watchdog', 20_000, async () => {
      const alerts = await desk.alerts('RedisHaWatchdog');
      return alerts.length === 1 ? undefined : `${alerts.length} watchdogs`;
    });
  });
}

/** @param {Place} place */
async function killPrimary({ cluster }) {
  const old = await cluster.agreedPrimary();
  const id = await cluster.container(old);
  const at = performance.now();
  await cluster.docker('kill', id);
  await moved(cluster, old);
  await cluster.docker('start', id);
  return at;
}

/** @type {Phase} */
async function tells(runner, place) {
  const { cluster, slack } = place;
  await runner.check('a killed primary is told to Slack within 30 s', async (note) => {
    const killedAt = await killPrimary(place);
    const title = /^The primary of Redis was replaced \(failure; local, default\)$/;
    await until('the message', 60_000, () =>
      slack.find(title) === undefined ? slack.told.map((one) => one.title).join('; ') : undefined,
    );
    const tookMs = (slack.find(title)?.at ?? NaN) - killedAt;
    note(`after ${(tookMs / 1000).toFixed(1)} s`);
    expect(tookMs < TOLD_WITHIN_MS, `it took ${tookMs} ms`);
    await cluster.settled();
  });
}

/** @type {Phase} */
async function keepsSecrets(runner, { cluster, desk }) {
  await runner.check(
    'no secret is in its logs, processes, `docker inspect` and pages',
    async () => {
      const known = [
        ...everyPassword(cluster),
        { name: 'of Slack', secret: SLACK_SECRET },
        { name: 'of PagerDuty', secret: PAGERDUTY_SECRET },
      ];
      const shown = {
        'the log': await cluster.compose('logs', '--no-color', ...OBSERVERS),
        'the configuration of Alertmanager': await desk.alertmanagerConfig(),
        'the configuration of Prometheus': await desk.prometheusConfig(),
        'the targets of Prometheus': await desk.targets(),
      };
      for (const [where, text] of Object.entries(shown)) {
        expect(text.length > 100, `${where} is empty`);
        const found = known.find(({ secret }) => text.includes(secret));
        expect(found === undefined, `${where} has the secret ${found?.name}`);
      }
      await secrets(cluster, OBSERVERS);
    },
  );
}

/** @type {Phase} */
async function outlives(runner, { cluster, desk, isReal }) {
  const options = { timeoutMs: 180_000 };
  const body = async () => {
    const silence = ['node', 'dist/app/cli/program.js', 'silence', '1h', 'planted maintenance'];
    const place = ['--alertmanager', `http://${cluster.env.REDIS_NETWORK}.202:9093`];
    await cluster.compose('exec', '-T', 'backend-1', ...silence, ...place);
    const before = Math.floor(Date.now() / 1000) - 5;
    const all = (await cluster.compose('config', '--services')).trim().split('\n');
    await cluster.down();
    await cluster.up(...all.filter((service) => isReal || !ONLY_REAL.includes(service)));
    await cluster.healthy(OBSERVERS);
    const [targets] = await desk.query('count(up)', before);
    expect(targets === SCRAPED.targets, `of the time before it knows ${targets} targets`);
    const silences = await desk.silences();
    expect(silences.includes('planted maintenance'), `it has the silences ${silences.join()}`);
  };
  await runner.check('samples and silences outlive `down` and `up`', body, options);
}

/**
 * The whole of it, on a cluster with the profile `app`.
 * @param {Runner} runner
 * @param {{ cluster: Cluster }} place
 */
export async function observed(runner, { cluster }) {
  const startedAt = performance.now();
  const isReal = await provideObserverImages(cluster);
  if (!isReal) {
    runner.say(`   Prometheus, Alertmanager and exporter of this machine
   ######## Grafana and Jaeger cannot be had: they are not started. ########`);
  }
  const slack = new SlackReceiver();
  const ports = await freePorts(PORTS.length);
  Object.assign(cluster.env, Object.fromEntries(PORTS.map((name, i) => [name, `${ports[i]}`])));
  cluster.env.COMPOSE_PROFILES = 'app,observability';
  await withTls(cluster);
  const place = { cluster, slack, isReal, desk: new Desk(cluster.env) };
  try {
    await withoutSecrets(runner, place);
    const url = await slack.start(`${cluster.env.REDIS_NETWORK}.193`);
    await putSecrets(cluster, url ?? 'http://127.0.0.1:9');
    await start(runner, place);
    await knows(runner, place);
    if (url !== undefined) await tells(runner, place);
    else runner.say('   !! containers do not reach this machine: nobody was told');
    await keepsSecrets(runner, place);
    await outlives(runner, place);
  } finally {
    slack.stop();
    const tookMs = performance.now() - startedAt;
    runner.say(`   the profile observability took ${(tookMs / 1000).toFixed(0)} s in all`);
  }
}
