import { waitUntil } from '../../src/redis/testing/index.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { CustomCluster } from '../support/custom-cluster.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';

jest.setTimeout(60_000);

const DAY_MS = 86_400_000;

describe('redis.status.certificates', () => {
  let certificates: Certificates;
  let cluster: CustomCluster;

  beforeAll(async () => {
    const made = makeCertificates();
    if (made === null) throw new Error('These tests need openssl');
    certificates = made;
    const plan = { bind: '127.0.0.1', announce: '127.0.0.1', certificates };
    cluster = await CustomCluster.start(plan);
  });
  afterEach(() => closeEngines());
  afterAll(async () => {
    await cluster.stop();
    certificates.remove();
  });

  it('says until when those of nodes and Sentinels are good, and notices a new one', async () => {
    const ca = [certificates.ca, certificates.otherCa];
    const { redis } = await startReadyEngine(
      withOptions(cluster.options(), { node: { tls: { ca } }, sentinel: { tls: { ca } } }),
    );
    const daysLeft = (): number[] =>
      redis.status.certificates
        .map(({ until }) => Math.round((until - Date.now()) / DAY_MS))
        .sort();
    await waitUntil(() => daysLeft().length === 6, {
      what: 'all six certificates are known',
      timeoutMs: 20_000,
    });
    expect(daysLeft()).toEqual([2, 2, 2, 2, 2, 2]);

    const { cert, key } = certificates.nextFiles;
    const next = ['tls-cert-file', cert, 'tls-key-file', key];
    await cluster.toReplica(0, 'CONFIG', 'SET', ...next);
    const { port } = await cluster.toReplica(0, 'CLIENT', 'KILL', 'TYPE', 'normal');
    await waitUntil(() => daysLeft().includes(3), {
      what: 'the new certificate is known',
      timeoutMs: 20_000,
    });
    const renewed = redis.status.certificates.filter(
      ({ until }) => until - Date.now() > 2.5 * DAY_MS,
    );
    expect(renewed.map(({ address }) => address.port)).toEqual([port]);
  });
});
