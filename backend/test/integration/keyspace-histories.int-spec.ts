import { Redis } from 'ioredis';
import { resolveOptions, type ResolvedRedisOptions } from '../../src/redis/config/index.js';
import { EnginePort } from '../../src/redis/engine/engine-port.js';
import {
  FaultProxy,
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { historyOf, written, type Step } from '../model/histories.js';
import { REAL_WEIGHTS, RealWorld, type RealServers } from '../model/real-world.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { PlainPort } from '../support/plain-port.js';
import { SeededSearch } from '../support/seeded-search.js';

const LENGTH = { least: 20, most: 70 };
const PROCESSES = 3;
const HISTORY_MS = 2_000;

let primary: RedisTestServer;
let replica: RedisTestServer;
let proxy: FaultProxy;
let servers: RealServers;
const clients: Redis[] = [];

beforeAll(async () => {
  [primary, replica] = await Promise.all([
    startRedisServer({ redisConfig: ['repl-diskless-sync-delay 0'] }),
    startRedisServer(),
  ]);
  proxy = await FaultProxy.start(primary.node.address);
  const { host, port } = proxy.address;
  await replica.node.command('REPLICAOF', host, String(port));
  const ports = [];
  for (let i = 0; i < PROCESSES; i++) {
    const { engine } = await startReadyEngine(primary.options());
    const { options, connected, bus } = engine;
    const plain = new PlainPort(clientOf(replica));
    ports.push({ primary: new EnginePort(options, connected, bus), replica: plain });
  }
  servers = {
    primary: clientOf(primary),
    proxy,
    options: optionsOf(primary),
    ports,
    untilReplicated,
  };
  await untilReplicated();
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await closeEngines();
  await Promise.all([primary.stop(), replica.stop(), proxy.stop()]);
});

function clientOf(server: RedisTestServer): Redis {
  const client = new Redis({ ...server.node.address, retryStrategy: null });
  clients.push(client);
  return client;
}

function optionsOf(server: RedisTestServer): ResolvedRedisOptions {
  return resolveOptions({
    ...server.options(),
    shutdownTimeoutMs: 1_000,
    fallback: { breakerFailures: 1, breakerOpenMs: 10, stableMs: 1, timeoutMs: 5_000 },
  }).options;
}

/** Resolves when the replica has everything that the primary has now. */
async function untilReplicated(): Promise<void> {
  const offset = (await primary.node.info('replication')).get('master_repl_offset');
  await waitUntil(
    async () => {
      const info = await replica.node.info('replication');
      const isUp = info.get('master_link_status') === 'up';
      return isUp && Number(info.get('slave_repl_offset')) >= Number(offset);
    },
    { what: 'the replica has everything', everyMs: 5 },
  );
}

let runs = 0;

const search = new SeededSearch<Step>({
  runs: 60,
  historyOf: (seed) => historyOf(seed, REAL_WEIGHTS, LENGTH),
  faultOf: (history) => new RealWorld(servers, String(++runs)).run(history),
  written,
});

describe('what processes write to real servers', () => {
  it(
    'keeps its promises through cuts and crashes, with a replica that is held back',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );
});
