import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  RespClient,
  startRedisCluster,
  startRedisServer,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
  type RedisTestServer,
  type RespValue,
} from '../../src/redis/testing/index.js';
import { compileRooms, type CompiledProgram } from '../support/compile-program.js';

jest.setTimeout(20_000);

describe('a test cluster', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ proxied: true });
  });

  afterAll(() => cluster.stop());

  it('is ready when it is handed out: each node in its role, writes accepted', async () => {
    await expect(cluster.primary().role()).resolves.toBe('primary');
    const roles = await Promise.all(cluster.replicas().map((node) => node.role()));
    expect(roles).toEqual(['replica', 'replica']);
    expect(cluster.sentinels()).toHaveLength(3);
    await expect(cluster.primary().command('SET', 'k', 'v')).resolves.toBe('OK');
    await expect(cluster.primary().command('WAIT', '2', '1000')).resolves.toBe(2);
    for (const sentinel of cluster.sentinels()) {
      const known = await sentinel.command('SENTINEL', 'REPLICAS', 'mymaster');
      expect(known).toHaveLength(2);
    }
  });

  it('leaves the Sentinels with the periods of a stock Sentinel', async () => {
    const periods = await cluster.sentinels()[0]!.command('SENTINEL', 'DEBUG');
    const expected = ['info-period', '10000', 'publish-period', '2000'];
    const words = Array.isArray(periods) ? periods.map(textOfLower) : [];
    expect(words).toEqual(expect.arrayContaining(expected));
  });

  it('says how clients reach it, through the proxies', () => {
    const { mode, sentinel } = cluster.options();
    expect(mode).toBe('sentinel');
    expect(sentinel.masterName).toBe('mymaster');
    expect(sentinel.nodes).toEqual(cluster.sentinels().map((node) => node.proxiedAddress));
    const mapAddress = sentinel.natMap;
    if (typeof mapAddress !== 'function') throw new TypeError('natMap is a function');
    const primary = cluster.primary();
    expect(mapAddress(primary.address)).toEqual(primary.proxiedAddress);
    expect(mapAddress({ host: '10.0.0.1', port: 1 })).toEqual({ host: '10.0.0.1', port: 1 });
    const { port } = primary.address;
    expect(cluster.env()).toMatchObject({
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINEL_MASTER_NAME: 'mymaster',
      REDIS_NAT_MAP: expect.stringContaining(`127.0.0.1:${String(port)}=127.0.0.1:`),
    });
  });

  it('elects another primary when the primary is killed, and takes the old one back as a replica', async () => {
    const old = cluster.primary();
    await old.kill();
    expect([old.isRunning, old.pid]).toEqual([false, undefined]);
    const next = await cluster.waitForPrimaryOtherThan(old);
    expect(cluster.primary()).toBe(next);
    expect(cluster.replicas()).toContain(old);
    const port = old.address.port;
    await old.restart();
    await cluster.waitForReady();
    expect(old.address.port).toBe(port);
    await expect(old.role()).resolves.toBe('replica');
  });

  it('elects another primary when the primary is frozen, and demotes the old one when it thaws', async () => {
    const old = cluster.primary();
    await old.freeze();
    expect([old.isRunning, old.isFrozen]).toEqual([true, true]);
    await expect(
      old.connect({ password: undefined }).then((c) => c.command(['PING'], 100)),
    ).rejects.toThrow('unanswered');
    await cluster.waitForPrimaryOtherThan(old);
    old.thaw();
    await cluster.waitForReady();
    await expect(old.role()).resolves.toBe('replica');
  });

  it('fails over when asked to, and loses no node', async () => {
    const old = cluster.primary();
    await cluster.failover();
    const next = await cluster.waitForPrimaryOtherThan(old);
    await cluster.waitForReady();
    await expect(cluster.currentPrimary()).resolves.toBe(next);
    expect(cluster.nodes()).toHaveLength(6);
  });

  it('shows faults to clients and leaves the nodes among themselves alone', async () => {
    const primary = cluster.primary();
    const { password } = cluster.options().node ?? {};
    const client = await RespClient.connect(primary.proxiedAddress!, { password });
    await expect(client.command(['PING'])).resolves.toBe('PONG');
    primary.proxy.blackHole();
    await expect(client.command(['PING'], 100)).rejects.toThrow('unanswered');
    await expect(primary.command('SET', 'k', 'v')).resolves.toBe('OK');
    await expect(primary.command('WAIT', '2', '1000')).resolves.toBe(2);
    await expect(cluster.currentPrimary()).resolves.toBe(primary);
    primary.proxy.heal();
    const again = await RespClient.connect(primary.proxiedAddress!, { password });
    await expect(again.command(['GET', 'k'])).resolves.toBe('v');
    again.close();
  });

  it('never takes the data of a stranger that has got the port of a killed node', async () => {
    const replica = cluster.replicas()[0]!;
    await replica.kill();
    const stranger = await startStranger(replica.address.port);
    try {
      await stranger.ask('SET', 'kept', 'yes');
      for (const sentinel of cluster.sentinels()) {
        await sentinel.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', '100', 'PUBLISH-PERIOD', '100');
      }
      // A Sentinel gives orders to whoever answers at an address that it knows: so the stranger asks for the data.
      await waitUntil(() => /NOAUTH|Finished with success/.test(stranger.log()), {
        what: 'the stranger is refused by the primary, or copies its data',
      });
      await expect(stranger.ask('GET', 'kept')).resolves.toBe('yes');
    } finally {
      await stranger.stop();
    }
    await replica.start();
    await cluster.waitForReady();
  });

  it('has a password of its own when none is given, and none when that is said', async () => {
    const given = cluster.options().node?.password;
    expect(given).toMatch(/^[\w-]{16,}$/);
    expect(cluster.env()).toMatchObject({ REDIS_PASSWORD: given });
    await using open = await startRedisCluster({ password: null, replicas: 0, sentinels: 1 });
    expect(open.options().node).toEqual({});
    await using other = await startRedisCluster({ replicas: 0, sentinels: 1 });
    expect(other.options().node?.password).not.toBe(given);
  });

  it('grows and shrinks by a replica, and every Sentinel knows at once', async () => {
    const replica = await cluster.addReplica();
    expect(cluster.replicas()).toHaveLength(3);
    await expect(replica.role()).resolves.toBe('replica');
    await cluster.removeReplica(replica);
    expect(replica.isRunning).toBe(false);
    for (const sentinel of cluster.sentinels()) {
      const known = await sentinel.command('SENTINEL', 'REPLICAS', 'mymaster');
      expect(known).toHaveLength(2);
    }
    await expect(cluster.removeReplica(cluster.primary())).rejects.toThrow('Call failover() first');
    await expect(cluster.removeReplica(cluster.sentinels()[0]!)).rejects.toThrow('no');
  });

  it('names what is missing when it does not become ready in time', async () => {
    const replica = cluster.replicas()[0]!;
    await replica.terminate();
    await expect(cluster.waitForReady(100)).rejects.toThrow(`${replica.name} is not running`);
    await expect(replica.freeze()).rejects.toThrow('Call restart() first');
    await replica.restart();
    await cluster.waitForReady();
  });
});

/** A Redis that belongs to somebody else. */
async function startStranger(port: number): Promise<{
  ask(...command: string[]): Promise<RespValue>;
  log(): string;
  stop(): Promise<void>;
}> {
  const directory = mkdtempSync(join(tmpdir(), 'stranger-'));
  const logFile = join(directory, 'log');
  const args = ['--bind', '127.0.0.1', '--save', '', '--dir', directory, '--logfile', logFile];
  const child = spawn('redis-server', ['--port', String(port), ...args], { stdio: 'ignore' });
  // A connection for each question: a Sentinel closes them when it gives orders.
  const ask = async (...command: string[]): Promise<RespValue> => {
    const client = await RespClient.connect({ host: '127.0.0.1', port });
    return client.command(command).finally(() => {
      client.close();
    });
  };
  await waitUntil(() => ask('PING'), { what: 'the stranger answers' });
  return {
    ask,
    log: () => readFileSync(logFile, 'utf8'),
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

describe('a test cluster with several groups and passwords', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({
      groups: ['mymaster', 'other'],
      replicas: 1,
      username: 'app',
      password: 'data "secret"',
      sentinelPassword: 'sentinel secret',
    });
  });

  afterAll(() => cluster.stop());

  it('fails one group over without touching the other', async () => {
    const [primary, bystander] = [cluster.primary('mymaster'), cluster.primary('other')];
    await primary.kill();
    await cluster.waitForPrimaryOtherThan(primary);
    await expect(cluster.currentPrimary('other')).resolves.toBe(bystander);
    await primary.restart();
    await cluster.waitForReady();
  });

  it('lets nobody in without the passwords, and hands them out to clients', async () => {
    const { node, sentinel } = cluster.options('other');
    expect([sentinel.masterName, sentinel.password]).toEqual(['other', 'sentinel secret']);
    const open = await RespClient.connect(cluster.primary('other').address);
    await expect(open.command(['GET', 'k'])).rejects.toThrow('NOAUTH');
    open.close();
    const { username, password } = node ?? {};
    const known = await RespClient.connect(cluster.primary('other').address, {
      username,
      password,
    });
    await expect(known.command(['ACL', 'WHOAMI'])).resolves.toBe('app');
    known.close();
  });

  it('takes in one more Sentinel, which knows all groups', async () => {
    const sentinel = await cluster.addSentinel();
    expect(cluster.options().sentinel.nodes).toHaveLength(4);
    for (const group of cluster.groups) {
      await expect(sentinel.command('SENTINEL', 'CKQUORUM', group)).resolves.toMatch(/^OK 4/);
    }
  });

  it('names its groups when asked for one that is not there', () => {
    expect(() => cluster.primary('third')).toThrow('It has: mymaster, other.');
    expect(() => cluster.primary().proxy).toThrow('{ proxied: true }');
  });
});

describe('a test server', () => {
  let server: RedisTestServer | undefined;

  afterEach(() => server?.stop());

  it('answers at the address it hands out, and again after a restart', async () => {
    server = await startRedisServer({ password: 'p', redisConfig: ['maxmemory 10mb'] });
    const { host = '', port = 0, node } = server.options();
    const client = await RespClient.connect({ host, port }, { password: node?.password });
    await expect(client.command(['CONFIG', 'GET', 'maxmemory'])).resolves.toContain('10485760');
    client.close();
    expect(server.env()).toEqual({
      REDIS_HOST: host,
      REDIS_PORT: String(port),
      REDIS_PASSWORD: 'p',
    });
    const before = server.node.pid;
    await server.node.restart();
    expect(server.node.pid).not.toBe(before);
    await expect(server.node.role()).resolves.toBe('primary');
  });

  it('says what to install when there is no redis-server', async () => {
    const starting = startRedisServer({ redisServerPath: 'no-such-redis-server' });
    await expect(starting).rejects.toThrow(/no 'no-such-redis-server'.*apt-get install/);
  });

  it('shows what Redis wrote when Redis refuses its configuration', async () => {
    const starting = startRedisServer({ redisConfig: ['no-such-directive 1'] });
    await expect(starting).rejects.toThrow(/ended while starting[^]*no-such-directive/);
  });

  it('lists every option that cannot be used', async () => {
    const starting = startRedisCluster({
      replicas: -1,
      groups: ['a b'],
      username: 'x',
      password: null,
    });
    await expect(starting).rejects.toThrow(/replicas[^]*groups\[0\][^]*username/);
  });
});

describe('the end of a test cluster', () => {
  it('leaves no process and no file when it is stopped, whatever state its nodes are in', async () => {
    const before = childrenOfThisProcess();
    const cluster = await startRedisCluster({ proxied: true, replicas: 1 });
    const pids = pidsOf(cluster.nodes());
    const directory = await clusterDirectory(cluster);
    expect(readdirSync(directory)).toHaveLength(5);
    expect(pids).toHaveLength(5);
    await cluster.primary().freeze();
    await cluster.sentinels()[0]!.kill();
    await cluster.stop();
    await cluster.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
    expect(childrenOfThisProcess()).toEqual(before);
  });

  describe('when the process that started it ends', () => {
    let program: CompiledProgram;

    beforeAll(() => {
      program = compileRooms(['base', 'lab', 'testing'], { name: 'owner.cjs', text: OWNER });
    });

    afterAll(() => {
      rmSync(program.directory, { recursive: true, force: true });
    });

    it.each<[string, (owner: ChildProcess) => void]>([
      ['by SIGKILL', (owner) => owner.kill('SIGKILL')],
      ['by SIGTERM', (owner) => owner.kill('SIGTERM')],
      ['by itself, without a word', (owner) => owner.stdin?.end()],
    ])('leaves no process and no file: %s', async (_how, end) => {
      const owner = spawn(process.execPath, [program.entry], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const said = await firstLineOf(owner);
      const { pids, directory } = JSON.parse(said) as { pids: number[]; directory: string };
      expect([pids.length, pids.every(isAlive), existsSync(directory)]).toEqual([2, true, true]);
      end(owner);
      await waitUntil(() => !pids.some(isAlive) && !existsSync(directory), {
        what: 'the frozen Redis, the running one and their files are gone',
        timeoutMs: 5000,
      });
    });
  });
});

function pidsOf(nodes: readonly RedisTestNode[]): number[] {
  return nodes.flatMap(({ pid }) => pid ?? []);
}

function ps(...args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8' });
  } catch {
    return '';
  }
}

// A zombie, which its parent has not collected yet, counts as dead.
function isAlive(pid: number): boolean {
  const state = ps('-o', 'stat=', '-p', String(pid)).trim();
  return state !== '' && !state.startsWith('Z');
}

function childrenOfThisProcess(): string[] {
  const lines = ps('-A', '-o', 'ppid=,pid=,comm=').split('\n');
  const own = lines.map((line) => line.trim().split(/\s+/));
  return own.flatMap(([ppid, , comm = '']) =>
    ppid === String(process.pid) && comm !== 'ps' ? comm : [],
  );
}

async function clusterDirectory(cluster: RedisTestCluster): Promise<string> {
  const [, directory] = (await cluster.primary().command('CONFIG', 'GET', 'dir')) as string[];
  return dirname(directory!);
}

function textOfLower(value: RespValue): string {
  return typeof value === 'string' ? value.toLowerCase() : '';
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new TypeError('stdout is a pipe');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the process ended without a word');
}

/** Starts two servers, freezes one and waits for its own end. */
const OWNER = `const { startRedisServer } = require('./testing/cluster/test-server.js');
(async () => {
  const [one, two] = [await startRedisServer(), await startRedisServer()];
  await two.node.freeze();
  const directory = String(await one.node.command('CONFIG', 'GET', 'dir')).split(',')[1];
  process.stdin.on('end', () => process.exit(0)).resume();
  console.log(JSON.stringify({ pids: [one.node.pid, two.node.pid], directory }));
})();`;
