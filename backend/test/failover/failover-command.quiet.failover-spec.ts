import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { type RespClient, startRedisCluster, waitUntil } from '../../src/redis/testing/index.js';
import { CliProgram, documentOf } from '../support/cli-child.js';

const program = new CliProgram();
let cluster: RedisTestCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ password: null });
});

afterAll(async () => {
  await cluster.stop();
  program.remove();
});

const place = () => ({ cwd: process.cwd(), env: cluster.env() });
const run = (...args: string[]) => program.run(place(), 'failover', ...args);

interface Document extends Record<string, unknown> {
  readonly from: string;
  readonly to: string;
  readonly writeGapMs: number;
  readonly totalMs: number;
}

/** Writes to whichever node takes it, over sockets of its own, and notes when each was acknowledged. */
class IndependentWriter {
  readonly #clients: RespClient[];
  readonly #times: number[] = [];
  #isOver = false;
  /** The longest time in which this process could not run: it sees no gap more exactly than that. */
  stalledMs = 0;
  readonly #loops: Promise<void>[];

  constructor(clients: RespClient[]) {
    this.#clients = clients;
    this.#loops = clients.map((client, at) => this.#write(client, at));
  }

  static async start(): Promise<IndependentWriter> {
    const nodes = cluster.nodes().filter(({ group }) => group !== null);
    return new IndependentWriter(
      await Promise.all(nodes.map((node) => node.connect({ deadlineMs: 10_000 }))),
    );
  }

  /** The longest time without an acknowledgement of any node. */
  async end(): Promise<number> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    for (const client of this.#clients) client.close();
    const times = [...this.#times].sort((a, b) => a - b);
    return Math.max(...times.slice(1).map((at, before) => at - times[before]!));
  }

  async #write(first: RespClient, at: number): Promise<void> {
    const node = cluster.nodes().filter(({ group }) => group !== null)[at]!;
    let client = first;
    while (!this.#isOver) {
      try {
        await client.command(['SET', 'independent', String(at), 'PX', '60000']);
        this.#times.push(performance.now());
      } catch {
        // A replica refuses, and the old primary cuts its connections.
        if (!client.isOpen) client = await node.connect({ deadlineMs: 10_000 });
      }
      const dueAt = performance.now() + 5;
      await new Promise((next) => setTimeout(next, 5));
      this.stalledMs = Math.max(this.stalledMs, performance.now() - dueAt);
    }
  }
}

describe('failover', () => {
  it('touches nothing without a confirmation, and says what it would do', async () => {
    const before = cluster.primary();
    const { code, out, told } = await run();
    expect(code).toBe(3);
    expect(told).toContain('Nothing was touched: there is no terminal to ask on');
    for (const line of [
      'discovery: 3 of 3 Sentinels name',
      'roles: 3 of 3 Sentinels have seen',
      'primary 127.0.0.1:',
      'redundancy: 2 of 2 replicas can take over, 3 of 3 Sentinels',
      'after it: 2 of 2',
    ]) {
      expect(out).toContain(line);
    }
    expect(await cluster.currentPrimary()).toBe(before);
    const dry = await run('--dry-run');
    expect(dry).toMatchObject({ code: 0, told: '' });
    expect(dry.out).toContain('It could be done now; nothing was touched');
    expect(await cluster.currentPrimary()).toBe(before);
  });

  it('moves the primary, and says how long writes waited, as an independent writer measures it', async () => {
    const writer = await IndependentWriter.start();
    const running = program.start(place(), 'failover', '--yes', '--json');
    const document = await documentOf<Document>(running, 'failover');
    await cluster.waitForReady();
    const measured = await writer.end();
    const now = await cluster.currentPrimary();
    expect(document).toMatchObject({ isDone: true, isOldPrimaryReplica: true });
    expect(document.to).toBe(`127.0.0.1:${String(now.address.port)}`);
    process.stdout.write(
      `failover: writes waited ${String(document.writeGapMs)} ms by the program, ${measured.toFixed(0)} ms by the writer\n`,
    );
    // The writer looks every 5 ms, and takes its time for each of three nodes.
    const mayDiffer = 0.1 * measured + 50 + writer.stalledMs;
    expect(Math.abs(document.writeGapMs - measured)).toBeLessThan(mayDiffer);
  });

  it('moves it to the node that is wanted', async () => {
    const [to] = cluster.replicas();
    const wanted = `127.0.0.1:${String(to!.address.port)}`;
    const { code, out } = await run('--to', wanted, '--yes', '--timeout', '40s');
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining(`to ${wanted}`) });
    expect(await cluster.currentPrimary()).toBe(to);
    await cluster.waitForReady();
  });

  it('moves nothing where no replica could take over, and says why', async () => {
    const replicas = cluster.replicas();
    await Promise.all(replicas.map((node) => node.freeze()));
    const { code, out, told } = await run('--yes');
    for (const node of replicas) node.thaw();
    expect({ code, told }).toEqual({ code: 1, told: '' });
    expect(out).toMatch(/FAIL after it: no replica can take over/);
    expect(out).toContain('Nothing was touched: the cluster is in no state for it');
    await cluster.waitForReady();
  });

  it('that somebody ends puts back what it has done, and ends with 130', async () => {
    const before = await cluster.currentPrimary();
    const priorities = () =>
      Promise.all(
        cluster.replicas().map(async (node) => node.command('CONFIG', 'GET', 'replica-priority')),
      );
    const was = await priorities();
    const [to] = cluster.replicas();
    const running = program.start(
      place(),
      ...['failover', '--to', `127.0.0.1:${String(to!.address.port)}`, '--yes'],
    );
    // It prefers the wanted one, and waits until the Sentinels have seen that: up to ten seconds.
    await waitUntil(async () => JSON.stringify(await priorities()) !== JSON.stringify(was), {
      what: 'a priority is changed',
      everyMs: 5,
    });
    running.signal('SIGINT');
    expect(await running.ended()).toBe(130);
    expect(await priorities()).toEqual(was);
    expect(await cluster.currentPrimary()).toBe(before);
  });

  it.each([[['--to', 'nowhere:1', '--dry-run'], 'nowhere:1 is not of this group', 1]])(
    'answers %j without touching anything',
    async (args, said, code) => {
      const answer = await run(...args);
      expect(answer.code).toBe(code);
      expect(answer.out + answer.told).toContain(said);
    },
  );
});
