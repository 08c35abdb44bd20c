import { createHash } from 'node:crypto';
import type { ResolvedRedisOptions } from '../../../config/index.js';

const DIGITS = 32;

/**
 * Stands for the Redis that the records of a journal are for: the name of the Sentinel group or the address of
 * the one Redis, the database, and what is put in front of every key. No user name or password is in it.
 */
export function fingerprintOf(options: ResolvedRedisOptions): string {
  const { db, keyPrefix } = options.node;
  const place =
    options.mode === 'sentinel'
      ? options.sentinel.masterName
      : options.mode === 'standalone'
        ? [options.address.host, options.address.port]
        : null;
  const text = JSON.stringify([options.mode, place, db, keyPrefix]);
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
}
