import { Redis } from 'ioredis';

const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** What the cached values are made of: a number for each key, in a database that all processes share. */
export class SourceOfTruth {
  private readonly redis: Redis;

  /** @param port - of a Redis of its own, on this machine, which no cache uses */
  constructor(
    port: number,
    private readonly owner: string,
  ) {
    this.redis = new Redis(port, '127.0.0.1', { lazyConnect: true });
  }

  async open(): Promise<void> {
    await this.redis.connect();
  }

  /** Returns the number of a key; 0 before its first change. */
  async read(key: string): Promise<number> {
    return Number((await this.redis.get(`value:${key}`)) ?? 0);
  }

  /** Returns the numbers of several keys. */
  async readMany(keys: readonly string[]): Promise<number[]> {
    const found = await this.redis.mget(keys.map((key) => `value:${key}`));
    return found.map((value) => Number(value ?? 0));
  }

  /** Changes a key; returns its new number. */
  change(key: string): Promise<number> {
    return this.redis.incr(`value:${key}`);
  }

  /**
   * Runs `work` while nobody else does for this key, as a row is locked in a database. Returns false, without
   * waiting, when somebody does.
   */
  async alone(key: string, work: () => Promise<void>): Promise<boolean> {
    if ((await this.redis.set(`lock:${key}`, this.owner, 'NX')) === null) return false;
    try {
      await work();
    } finally {
      await this.redis.eval(UNLOCK, 1, `lock:${key}`, this.owner);
    }
    return true;
  }

  close(): void {
    this.redis.disconnect();
  }
}
