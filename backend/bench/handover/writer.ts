import { Redis } from 'ioredis';
import { RedisService, resolveOptions } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { now, sleep } from '../common/clock.js';
import { codeOf } from '../common/ledger.js';
import type { ScriptCluster } from './script-cluster.js';

/** The clients that write. */
export const WRITER_KINDS = ['ours', 'plain'] as const;

/** `ours` is this library, `plain` is ioredis with nothing but what Sentinel mode requires. */
export type WriterKind = (typeof WRITER_KINDS)[number];

interface Acknowledged {
  readonly number: number;
  readonly at: number;
}

interface Client {
  push(key: string, value: string): Promise<unknown>;
  close(): Promise<void>;
}

const PAUSE_MS = 4;
const AFTER_ERROR_MS = 20;

/** Appends one number after the other to a list, each when the last was answered, and keeps what was acknowledged. */
export class Writer {
  readonly errors = new Map<string, number>();
  readonly #key: string;
  readonly #client: Client;
  readonly #done: Promise<void>;
  #acknowledged: Acknowledged[] = [];
  #number = 0;
  #isEnding = false;

  private constructor(kind: WriterKind, client: Client) {
    this.#key = `handover:${kind}`;
    this.#client = client;
    this.#done = this.#run();
  }

  static async open(kind: WriterKind, cluster: ScriptCluster): Promise<Writer> {
    return new Writer(kind, kind === 'ours' ? await openOurs(cluster) : openPlain(cluster));
  }

  /** How many numbers were acknowledged. */
  get count(): number {
    return this.#acknowledged.length;
  }

  /** When the first number was acknowledged after this moment; `null` when none was yet. */
  firstAfter(at: number): number | null {
    return this.#acknowledged.find((one) => one.at > at)?.at ?? null;
  }

  /** The longest time without an acknowledgement that began before `until`. */
  longestWaitMs(until: number): number {
    let longest = 0;
    for (let i = 1; i < this.#acknowledged.length; i++) {
      const [last, next] = [this.#acknowledged[i - 1]!.at, this.#acknowledged[i]!.at];
      if (last <= until) longest = Math.max(longest, next - last);
    }
    return longest;
  }

  /** Stops writing; resolves when the last write is answered. */
  async close(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
    await this.#client.close();
  }

  /** The acknowledged numbers that the list of the primary does not hold. */
  async lost(cluster: ScriptCluster): Promise<readonly Acknowledged[]> {
    const list = await (await cluster.primary()).command('LRANGE', this.#key, '0', '-1');
    const kept = new Set((list as string[]).map(Number));
    return this.#acknowledged.filter(({ number }) => !kept.has(number));
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      const number = ++this.#number;
      try {
        await this.#client.push(this.#key, String(number));
        this.#acknowledged.push({ number, at: now() });
        await sleep(PAUSE_MS);
      } catch (error) {
        const code = codeOf(error);
        this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
        await sleep(AFTER_ERROR_MS);
      }
    }
  }
}

async function openOurs(cluster: ScriptCluster): Promise<Client> {
  const { options } = resolveOptions({
    mode: 'sentinel',
    sentinel: { nodes: sentinelsOf(cluster), password: cluster.password },
    node: { password: cluster.password },
    routing: { writeTimeoutMs: 30_000 },
  });
  const engine = new RedisEngine(options);
  const redis = new RedisService(engine);
  engine.start();
  await redis.whenReady();
  return { push: (key, value) => redis.rpush(key, value), close: () => engine.close() };
}

function openPlain(cluster: ScriptCluster): Client {
  const redis = new Redis({
    sentinels: sentinelsOf(cluster),
    name: 'mymaster',
    password: cluster.password,
    sentinelPassword: cluster.password,
    // An answer that was lost is an error, and no reason to write twice.
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
    sentinelRetryStrategy: () => 50,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  redis.on('error', () => {});
  return {
    push: (key, value) => redis.rpush(key, value),
    close: () => {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

function sentinelsOf(cluster: ScriptCluster): { host: string; port: number }[] {
  return cluster.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
}
