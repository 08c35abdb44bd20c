// @ts-check
// Passwords, certificates and the authority are replaced by the commands of the document, under load: no call fails, what
// is old is good for nothing afterwards, and a failover still works.
import { X509Certificate } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import { moved } from './faults.mjs';
import { everyPassword } from './boot.mjs';
import { NODES, SENTINELS } from './support/cluster.mjs';
import { expect, within } from './support/runner.mjs';
import { Traffic } from './support/traffic.mjs';

const PER_SECOND = 1000;

/** @typedef {import('./support/cluster.mjs').Cluster} Cluster */
/** @typedef {import('./support/engine.mjs').Engine} Engine */
/** @typedef {import('./support/runner.mjs').Note} Note */
/** @typedef {import('./support/runner.mjs').Runner} Runner */

/**
 * Work while an application makes a thousand calls a second, none of which may fail.
 * @param {Engine} engine
 * @param {Cluster} cluster
 * @param {Note} note
 * @param {() => Promise<unknown>} work
 */
async function underLoad(engine, cluster, note, work) {
  const traffic = new Traffic(engine, cluster);
  try {
    const client = traffic.startOnHost('rotated', { TRAFFIC_PER_SECOND: String(PER_SECOND) });
    await client.call('ready');
    // What it asked while it was starting is another matter.
    await client.call('pause');
    await client.call('mark');
    await client.call('resume');
    const startedAt = performance.now();
    await work();
    const seconds = (performance.now() - startedAt) / 1000;
    const { writes, reads, gapMs } = await client.call('report');
    await traffic.account();
    const perSecond = (writes + reads) / seconds;
    note(
      `0 of ${writes + reads} calls failed, ${perSecond.toFixed(0)} a second for ${seconds.toFixed(0)} s`,
    );
    note(`the longest wait for a write was ${gapMs.toFixed(0)} ms`);
    expect(perSecond > PER_SECOND * 0.9, `only ${perSecond.toFixed(0)} calls a second were made`);
    const { lost } = await traffic.lost();
    expect(lost.length === 0, `${lost.length} acknowledged keys are gone`);
  } finally {
    await traffic.stop();
  }
}

/** @param {Cluster} cluster */
async function killPrimary(cluster) {
  const old = await cluster.agreedPrimary();
  const id = await cluster.container(old);
  await cluster.docker('kill', id);
  await moved(cluster, old);
  await cluster.docker('start', id);
  await cluster.settled();
}

/**
 * @param {Cluster} cluster
 * @param {ReturnType<typeof everyPassword>} before
 */
async function oldAreRefused(cluster, before) {
  const isOfRedis = (/** @type {{ name: string }} */ { name }) => /\.(redis|sentinel)$/.test(name);
  const old = before.filter(isOfRedis);
  expect(old.length === 13, `${old.length} logins were known`);
  for (const { name, secret } of old) {
    const [user = '', side] = name.split('.');
    const services = side === 'redis' ? NODES : SENTINELS;
    const now = cluster.password(user, side === 'redis' ? 'redis' : 'sentinel');
    expect(now !== secret, `${name} was not replaced`);
    for (const service of services) {
      const said = await cluster
        .command(service, 'AUTH', user, secret)
        .catch((/** @type {Error} */ error) => error.message);
      expect(/WRONGPASS/.test(String(said)), `${service}: the old password ${name} gets ${said}`);
      const isGood = await cluster.command(service, 'AUTH', user, now);
      expect(isGood === 'OK', `${service}: the new password ${name} gets ${isGood}`);
    }
  }
}

/**
 * @param {Runner} runner
 * @param {Engine} engine
 * @param {Cluster} cluster
 */
export async function passwordRotation(runner, engine, cluster) {
  await runner.check(
    `every password is rotated at ${PER_SECOND} calls a second: none fails`,
    async (note) => {
      const before = everyPassword(cluster);
      await underLoad(engine, cluster, note, () => cluster.script('rotate.sh', 'password', 'all'));
      await oldAreRefused(cluster, before);
    },
  );
  await runner.check(
    'with the new passwords the primary is killed: nodes and Sentinels still know each other',
    () => killPrimary(cluster),
  );
}

/**
 * The certificate that a service shows to a new client, and who signed it.
 * @param {Cluster} cluster
 * @param {string} service
 */
async function certificateOf(cluster, service) {
  const { tls } = cluster.tlsOf();
  const socket = connectTls({ host: '127.0.0.1', port: cluster.port(service), ...tls });
  /** @type {Promise<Buffer>} */
  const shown = new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket.getPeerCertificate().raw));
    socket.once('error', reject);
  });
  const certificate = new X509Certificate(
    await within(5000, `the certificate of ${service}`, shown).finally(() => socket.destroy()),
  );
  return { serial: certificate.serialNumber, issuer: certificate.issuer };
}

/** @param {Cluster} cluster */
async function certificates(cluster) {
  const services = [...NODES, ...SENTINELS];
  return await Promise.all(services.map((service) => certificateOf(cluster, service)));
}

/**
 * @param {Runner} runner
 * @param {Engine} engine
 * @param {Cluster} cluster
 */
export async function certificateRotation(runner, engine, cluster) {
  await runner.check(
    `certificates are replaced at ${PER_SECOND} calls a second: none fails`,
    async (note) => {
      const before = await certificates(cluster);
      await underLoad(engine, cluster, note, () => cluster.script('rotate.sh', 'certificates'));
      const after = await certificates(cluster);
      expect(
        after.every(({ serial }, index) => serial !== before[index]?.serial),
        'a server shows the certificate of before',
      );
    },
  );
  await runner.check(
    `the authority is replaced at ${PER_SECOND} calls a second: none fails`,
    async (note) => {
      const before = await certificates(cluster);
      await underLoad(engine, cluster, note, () => cluster.script('rotate.sh', 'authority'));
      const after = await certificates(cluster);
      expect(
        after.every(({ issuer }, index) => issuer !== before[index]?.issuer),
        'a server shows a certificate of the authority of before',
      );
      await cluster.settled();
    },
    { timeoutMs: 150_000 },
  );
}
