import {
  RedisHaError,
  RedisModule,
  RedisService,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import type { NodeAddress } from '../../src/redis/base/address/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { CustomCluster } from '../support/custom-cluster.js';
import { expectClear, refusalOf, type Misuse } from '../support/misuse.js';
import { nextEvent } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(60_000);

const PASSWORD = 'pw-of-the-nodes';
const SENTINEL_PASSWORD = 'pw-of-the-sentinels';
const WRONG = 'pw-that-is-wrong';
const SECRETS = [PASSWORD, SENTINEL_PASSWORD, WRONG];

/** Long enough for the log to complain, which it does after three seconds. */
const DEADLINE_MS = 4000;

/** Longer than this file may take. */
const NO_DEADLINE_MS = 600_000;

/** No name server is asked for it, since a part of it is empty: some answer the many who ask here late, or never. */
const NO_NAME = 'does-not..exist';

interface World {
  readonly server: RedisTestServer;
  /** One without a password. */
  readonly open: RedisTestServer;
  readonly cluster: RedisTestCluster;
  readonly tls: {
    readonly cluster: CustomCluster;
    readonly certificates: Certificates;
    /** A node whose certificate has expired, and one that asks clients for theirs. */
    readonly expired: NodeAddress;
    readonly asking: NodeAddress;
  };
}

interface Row extends Omit<Misuse, 'code'> {
  /** Everybody refuses the credentials: it is said long before the deadline. */
  readonly isFinal?: true;
  /** Subscriptions are confirmed: it passes on what is published elsewhere. */
  readonly canBeHeard?: true;
  readonly options: (world: World) => RedisHaOptions;
}

function one(world: World, node: object = {}): RedisHaOptions {
  const { host, port } = world.server.node.address;
  return { mode: 'standalone', host, port, node };
}

function sentinels(
  world: World,
  change: object,
  node: object = { password: PASSWORD },
): RedisHaOptions {
  const { sentinel } = world.cluster.options();
  return { mode: 'sentinel', sentinel: { ...sentinel, ...change }, node };
}

function overTls(world: World, sentinelTls: object | null, nodeTls: object | null): RedisHaOptions {
  const { sentinel } = world.tls.cluster.options();
  return {
    mode: 'sentinel',
    sentinel: {
      ...sentinel,
      ...(sentinelTls && { tls: sentinelTls }),
    },
    ...(nodeTls && { node: { tls: nodeTls } }),
  };
}

const nodesOf = ({ cluster }: World) =>
  [cluster.primary(), ...cluster.replicas()].map(({ address }) => address);
const ca = ({ tls }: World) => ({ ca: tls.certificates.ca });
const otherCa = ({ tls }: World) => ({ ca: tls.certificates.otherCa });

const ROWS: readonly Row[] = [
  {
    what: 'a wrong password of the node',
    isFinal: true,
    options: (world) => one(world, { password: WRONG }),
    says: [
      /the primary 127\.0\.0\.1:\d+ cannot be used/,
      /WRONGPASS/,
      /check node.username and node.password/,
    ],
  },
  {
    what: 'no password of the node',
    isFinal: true,
    options: (world) => one(world),
    says: [/it wants a password \(NOAUTH/, /set node.password/],
  },
  {
    what: 'a wrong user of the node',
    isFinal: true,
    options: (world) => one(world, { username: 'nobody', password: PASSWORD }),
    says: [/WRONGPASS/, /check node.username and node.password/],
  },
  {
    what: 'a wrong password of the nodes of a group',
    isFinal: true,
    options: (world) => sentinels(world, {}, { password: WRONG }),
    says: [
      /the primary 127\.0\.0\.1:\d+ cannot be used/,
      /WRONGPASS/,
      /check node.username and node.password/,
    ],
  },
  {
    what: 'a wrong password of the Sentinels',
    isFinal: true,
    options: (world) => sentinels(world, { password: WRONG }),
    says: [
      /3 Sentinels \(.+\): the password is refused: WRONGPASS/,
      /check sentinel.username and sentinel.password/,
    ],
  },
  {
    what: 'no password of the Sentinels',
    isFinal: true,
    options: (world) => sentinels(world, { password: undefined }),
    says: [/3 Sentinels \(.+\): it wants a password \(NOAUTH/, /set sentinel.password/],
  },
  {
    what: 'a wrong name of the group',
    options: (world) => sentinels(world, { masterName: 'other' }),
    says: [/3 Sentinels/, /knows no group named "other"/, /check sentinel.masterName/],
  },
  {
    what: 'nodes given as Sentinels',
    options: (world) => sentinels(world, { nodes: nodesOf(world), password: PASSWORD }),
    says: [
      /3 Sentinels/,
      /it is a Redis node and no Sentinel/,
      /list the Sentinels in sentinel.nodes/,
    ],
  },
  {
    what: 'a port where nobody listens',
    options: () => ({ mode: 'standalone', host: '127.0.0.1', port: 1 }),
    says: [
      /127\.0\.0\.1:1 cannot be used: nobody listens there/,
      /ECONNREFUSED/,
      /check that it runs/,
    ],
  },
  {
    what: 'a name that has no address',
    options: () => ({ mode: 'standalone', host: NO_NAME, port: 6379 }),
    says: [
      /the primary does-not\.\.exist:6379 cannot be used: its name has no address/,
      /ENOTFOUND|EAI_AGAIN/,
      /check the host/,
    ],
  },
  {
    what: 'names of Sentinels that have no address',
    options: (world) =>
      sentinels(world, { nodes: [1, 2, 3].map((port) => `${NO_NAME}:${String(port)}`) }),
    says: [/no Sentinel names one: /, /its name has no address/, /check the host/],
  },
  {
    what: 'no authority for nodes whose certificate is their own',
    options: (world) => overTls(world, ca(world), {}),
    says: [/the primary .*nobody we trust has signed its certificate/, /set node.tls.ca/],
  },
  {
    what: 'a Sentinel given as the node',
    options: (world) => {
      const [address] = world.cluster.options().sentinel.nodes as { host: string; port: number }[];
      return { mode: 'standalone', ...address, node: { password: SENTINEL_PASSWORD } };
    },
    says: [/is no primary: it is a Sentinel/, /List it in sentinel.nodes with mode 'sentinel'/],
  },
  {
    what: 'a replica given as the only node',
    canBeHeard: true,
    options: (world) => ({
      mode: 'standalone',
      ...world.cluster.replicas()[0]!.address,
      node: { password: PASSWORD },
    }),
    says: [/is no primary: it is a replica of 127\.0\.0\.1:\d+/, /Give the address of the primary/],
  },
  {
    what: 'TLS to a plain port of a node',
    options: (world) => one(world, { password: PASSWORD, tls: {} }),
    says: [/does not speak TLS, and node.tls is set/, /leave node.tls out/],
  },
  {
    what: 'TLS to plain Sentinels',
    options: (world) => sentinels(world, { tls: {} }),
    says: [/3 Sentinels .*does not speak TLS, and sentinel.tls is set/, /leave sentinel.tls out/],
  },
  {
    what: 'plain to Sentinels that speak TLS',
    options: (world) => overTls(world, null, null),
    says: [/3 Sentinels .*it speaks TLS, and sentinel.tls is not set/, /set it to true/],
  },
  {
    what: 'plain to nodes that speak TLS',
    options: (world) => overTls(world, ca(world), null),
    says: [/the primary .*it speaks TLS, and node.tls is not set/, /set it to true/],
  },
  {
    what: 'an authority that did not sign the Sentinels',
    options: (world) => overTls(world, otherCa(world), ca(world)),
    says: [/3 Sentinels .*nobody we trust has signed its certificate/, /set sentinel.tls.ca/],
  },
  {
    what: 'an authority that did not sign the nodes',
    options: (world) => overTls(world, ca(world), otherCa(world)),
    says: [/the primary .*nobody we trust has signed its certificate/, /set node.tls.ca/],
  },
  {
    what: 'a certificate for another name',
    options: (world) => overTls(world, ca(world), { ...ca(world), servername: 'redis.prod' }),
    says: [/its certificate is for another name .*redis\.prod/, /node.tls.servername/],
  },
  {
    what: 'a certificate that has expired',
    options: (world) => ({ mode: 'standalone', ...world.tls.expired, node: { tls: ca(world) } }),
    says: [/its certificate is not valid now \(certificate has expired\)/, /renew it/],
  },
  {
    what: 'no certificate of a client where one is asked for',
    options: (world) => ({ mode: 'standalone', ...world.tls.asking, node: { tls: ca(world) } }),
    says: [/it does not accept our certificate/, /set node.tls.cert and node.tls.key/],
  },
  {
    what: 'a certificate of a client that the server does not trust',
    options: (world) => ({
      mode: 'standalone',
      ...world.tls.asking,
      node: { tls: { ...ca(world), ...world.tls.certificates.stranger } },
    }),
    says: [/it does not accept our certificate/, /set node.tls.cert and node.tls.key/],
  },
  {
    what: 'a database that the server does not have',
    options: (world) => one(world, { password: PASSWORD, db: 99 }),
    says: [/database 99 cannot be selected/, /Choose a database that the server has/],
  },
  {
    what: 'a user who may not choose a database',
    options: (world) => one(world, { username: 'narrow', password: PASSWORD, db: 5 }),
    says: [/database 5 cannot be selected: NOPERM/, /Give the ACL user \+select/],
  },
  {
    what: 'a password where none is needed',
    isFinal: true,
    options: ({ open }) => ({
      mode: 'standalone',
      ...open.node.address,
      node: { password: WRONG },
    }),
    says: [/the password is refused: ERR/, /Check that this is the right server/],
  },
];

/** What the application and its operator were told. */
interface Told {
  readonly write: unknown;
  readonly others: readonly unknown[];
  readonly log: string;
}

// The limit of the helper is shorter than a crowded machine needs for all of them at once.
const settled = (call: Promise<unknown>): ReturnType<typeof outcomeOf> => outcomeOf(call, 50_000);

async function tell(world: World, { options, isFinal, canBeHeard }: Row): Promise<Told> {
  const given = options(world);
  const timeoutMs = isFinal === true ? NO_DEADLINE_MS : DEADLINE_MS;
  const routing = {
    writeTimeoutMs: timeoutMs,
    readTimeoutMs: timeoutMs,
    slowReadTimeoutMs: timeoutMs,
  };
  const node = { connectTimeoutMs: 500, ...('node' in given ? given.node : {}) };
  const { app } = await startApp({
    imports: [RedisModule.forRoot({ ...given, routing, node })],
  });
  const redis = app.get(RedisService);
  // What the log says in one line; the applications of this file share one log.
  const complaint = nextEvent(redis, 'start.waiting');
  const [write, ...others] = await Promise.all([
    settled(redis.set('who', 'me')),
    settled(redis.get('who')),
    settled(redis.exclusive((connection) => connection.get('who'))),
    settled(redis.with({ timeoutMs }).blpop('list', 0)),
    settled(redis.whenReady(timeoutMs)),
    ...(canBeHeard === true ? [] : [settled(redis.subscribe('news', () => undefined))]),
  ]);
  return {
    write: write.error,
    others: others.map(({ error }) => error),
    log: (await complaint).reason,
  };
}

describe('servers that are given wrongly', () => {
  const told = new Map<string, Told>();
  let cluster: RedisTestCluster;
  const stops: (() => unknown)[] = [];

  // All at once, since each of them waits until its deadline.
  beforeAll(async () => {
    const certificates = makeCertificates();
    if (certificates === null) throw new Error('These tests need openssl');
    const [server, open, group, tlsCluster] = await Promise.all([
      startRedisServer({ password: PASSWORD }),
      startRedisServer(),
      startRedisCluster({ password: PASSWORD, sentinelPassword: SENTINEL_PASSWORD }),
      CustomCluster.start({ bind: '127.0.0.1', announce: '127.0.0.1', certificates }),
    ]);
    cluster = group;
    stops.push(
      () => server.stop(),
      () => open.stop(),
      () => group.stop(),
      () => tlsCluster.stop(),
      () => certificates.remove(),
    );
    const narrow = ['narrow', 'on', `>${PASSWORD}`, '~*', '&*', '+@all', '-select'];
    await server.node.command('ACL', 'SETUSER', ...narrow);
    const { cert, key } = certificates.expiredFiles;
    const files = ['tls-cert-file', cert, 'tls-key-file', key];
    const expired = await tlsCluster.toReplica(0, 'CONFIG', 'SET', ...files);
    const asking = await tlsCluster.toReplica(1, 'CONFIG', 'SET', 'tls-auth-clients', 'yes');
    const tls = { cluster: tlsCluster, certificates, expired, asking };
    const world: World = { server, open, cluster, tls };
    const answers = await Promise.all(ROWS.map((row) => tell(world, row)));
    for (const [index, { what }] of ROWS.entries()) told.set(what, answers[index]!);
  });
  afterAll(async () => {
    await closeApps();
    await Promise.all(stops.map((stop) => stop()));
  });

  it.each(ROWS.map((row) => [row.what, row] as const))(
    'are named with the option and the remedy, in errors and log alike: %s',
    (what, row) => {
      const { write, others, log } = told.get(what)!;
      expectClear(write, { ...row, code: 'NO_PRIMARY' }, SECRETS);
      const reason = RedisHaError.is(write) ? String(write.details['reason']) : '';
      for (const sign of row.says) expect(reason).toMatch(sign);
      for (const error of others) {
        expect(RedisHaError.is(error)).toBe(true);
        for (const sign of row.says) expect(String(error)).toMatch(sign);
      }
      if (row.isFinal === true) {
        for (const error of [write, ...others]) expect(String(error)).not.toMatch(/within \d+ ms/);
      }
      for (const sign of row.says) expect(log).toMatch(sign);
      for (const secret of SECRETS) expect(log).not.toContain(secret);
    },
  );

  it.each<[string, object, RegExp[]]>([
    [
      'is no replica of it',
      { to: '192.0.2.1:1' },
      [
        /to = "192\.0\.2\.1:1": it is not a replica of this group/,
        /Choose one of 127\.0\.0\.1:\d+/,
      ],
    ],
    [
      'is no address',
      { to: 'a b:1' },
      [/to = "a b:1": it has a host that is neither a name/, /Choose one of 127\.0\.0\.1:\d+/],
    ],
    [
      'has a misspelt option',
      { target: 'x' },
      [/target = .*is not an option/, /known here: to, timeoutMs/],
    ],
  ])('of a switchover are refused at once: one that %s', async (_, wanted, says) => {
    const { app } = await startApp({ imports: [RedisModule.forRoot(cluster.options())] });
    const redis = app.get(RedisService);
    await redis.whenReady();
    const refusal = await refusalOf(() => redis.switchover(wanted));
    expectClear(refusal, { what: '', code: 'INVALID_ARGUMENT', says }, SECRETS);
  });
});
