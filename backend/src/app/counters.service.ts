import { Injectable } from '@nestjs/common';
import { RedisService } from '../redis/index.js';

const MAX_COUNTERS = 1000;

/** A counter and where it is kept. */
export interface Counter {
  readonly name: string;
  readonly value: number;
  readonly keptIn: 'redis' | 'memory';
}

/** Counts things: in Redis, or in this process when the application runs without one. */
@Injectable()
export class CountersService {
  readonly #local = new Map<string, number>();

  constructor(private readonly redis: RedisService) {}

  /** Adds one. */
  async increment(name: string): Promise<Counter> {
    if (this.redis.status.mode === 'memory') return this.#incrementLocally(name);
    return { name, value: await this.redis.incr(keyOf(name)), keptIn: 'redis' };
  }

  /** Reads it; a counter that was never used is 0. */
  async read(name: string): Promise<Counter> {
    if (this.redis.status.mode === 'memory') {
      return { name, value: this.#local.get(name) ?? 0, keptIn: 'memory' };
    }
    return { name, value: Number((await this.redis.get(keyOf(name))) ?? 0), keptIn: 'redis' };
  }

  #incrementLocally(name: string): Counter {
    const value = (this.#local.get(name) ?? 0) + 1;
    this.#local.delete(name);
    this.#local.set(name, value);
    const oldest = this.#local.keys().next().value;
    if (this.#local.size > MAX_COUNTERS && oldest !== undefined) this.#local.delete(oldest);
    return { name, value, keptIn: 'memory' };
  }
}

function keyOf(name: string): string {
  return `counter:${name}`;
}
