import { type HotKeyLevel, RedisService, resolveOptions } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { now } from '../common/clock.js';
import { connectionName, newNotes, type BenchClient, type ClusterPlace } from './bench-client.js';

/** This library, with its default options. */
export class OursClient implements BenchClient {
  readonly notes = newNotes();
  readonly engine: RedisEngine;
  readonly redis: RedisService;

  constructor(
    place: ClusterPlace,
    readPolicy: 'primary' | 'replica-preferred' = 'replica-preferred',
    level: HotKeyLevel = 'watch',
  ) {
    const { options } = resolveOptions({
      mode: 'sentinel',
      sentinel: { masterName: place.masterName, nodes: place.sentinels, natMap: place.natMap },
      node: { clientName: connectionName('ours'), password: place.password },
      routing: { readPolicy },
      hotKeys: { level },
    });
    this.engine = new RedisEngine(options);
    this.redis = new RedisService(this.engine);
    this.redis.on('connection.lost', () => {
      this.notes.connectionsLost += 1;
    });
    this.redis.on('primary.switched', ({ from }) => {
      if (from !== null) this.notes.switchedAt.push(now());
    });
  }

  async connect(): Promise<void> {
    this.engine.start();
    await this.redis.whenReady();
  }

  set(key: string, value: string): Promise<unknown> {
    return this.redis.set(key, value);
  }

  get(key: string): Promise<unknown> {
    return this.redis.get(key);
  }

  incr(key: string): Promise<unknown> {
    return this.redis.incr(key);
  }

  switchover(): Promise<unknown> {
    return this.redis.switchover();
  }

  call([name = '', ...args]: readonly string[], timeoutMs?: number): Promise<unknown> {
    const redis = timeoutMs === undefined ? this.redis : this.redis.with({ timeoutMs });
    return redis.call(name, ...args);
  }

  waiting(): number {
    const { reads, writes } = this.redis.status.waiting;
    return reads + writes;
  }

  close(): Promise<void> {
    this.notes.failovers = this.redis.failovers;
    return this.engine.close();
  }
}
