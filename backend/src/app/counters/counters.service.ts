import { Injectable } from '@nestjs/common';
import { RedisService, type Script } from '../../redis/index.js';
import { ProblemException } from '../http/problems.js';
import type { Counter } from './counters.schemas.js';

const MAX_COUNTERS = 1000;
const KEPT_MS = 86_400_000;

// One command, so a lost reply leaves one question only: was it done or not? Returns text, because
// drivers round large numbers; and nothing when the counter is full.
const INCREMENT = `
local value = tonumber(redis.call('GET', KEYS[1]) or '0')
if value and value >= tonumber(ARGV[2]) then return false end
redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])`;

/**
 * Counts things: in Redis, or in this process when the application runs without Redis. Anybody may count
 * under any name, so a counter ends after a day: a key without an end cannot be evicted, and in time such keys
 * leave no room for sessions.
 */
@Injectable()
export class CountersService {
  readonly #local = new Map<string, number>();
  readonly #increment: Script<string | null>;

  constructor(private readonly redis: RedisService) {
    this.#increment = redis.script<string | null>({ lua: INCREMENT });
  }

  /** Adds one, and keeps the counter for a day from now. @throws ProblemException (409) when it is full. */
  async increment(name: string): Promise<Counter> {
    if (this.redis.mode === 'memory') return this.#incrementLocally(name);
    const value = await this.#increment([keyOf(name)], [KEPT_MS, Number.MAX_SAFE_INTEGER]);
    return { name, value: exactly(value), keptIn: 'redis' };
  }

  /** Returns the value; 0 for a counter that was never used. @throws ProblemException (409) when it is full. */
  async read(name: string): Promise<Counter> {
    if (this.redis.mode === 'memory') {
      return { name, value: this.#local.get(name) ?? 0, keptIn: 'memory' };
    }
    const value = (await this.redis.get(keyOf(name))) ?? '0';
    return { name, value: exactly(value), keptIn: 'redis' };
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

// Beyond this limit, not every JSON reader gets the same whole number.
function exactly(text: string | null): number {
  const value = Number(text ?? Number.NaN);
  if (Number.isSafeInteger(value)) return value;
  throw new ProblemException({
    statusCode: 409,
    code: 'COUNTER_FULL',
    message: 'This counter holds a number beyond what can be counted exactly',
  });
}

function keyOf(name: string): string {
  return `counter:${name}`;
}
