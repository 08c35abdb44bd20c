import { Redis } from 'ioredis';
import type { ClusterPlace } from '../clients/bench-client.js';
import { productOf, SESSIONS, writtenKey, type DirectClient } from './direct-client.js';

const SESSION_S = 1800;
const PRODUCT_S = 60;

/** ioredis as its documentation shows it, with the sessions and products in Redis as JSON. */
export async function openBare({
  masterName,
  sentinels,
  password,
}: ClusterPlace): Promise<DirectClient> {
  const redis = new Redis({ sentinels: [...sentinels], name: masterName, password });
  redis.on('error', () => undefined);
  for (let user = 0; user < SESSIONS; user++) {
    await redis.set(`session:${user}`, JSON.stringify({ userId: `user-${user}` }), 'EX', SESSION_S);
  }
  return {
    async readSession(index) {
      const kept = await redis.get(`session:${index}`);
      if (kept === null) throw new Error('the session is gone');
      return JSON.parse(kept) as unknown;
    },
    async readProduct(id) {
      const kept = await redis.get(`product:${id}`);
      if (kept !== null) return JSON.parse(kept) as unknown;
      const loaded = productOf(id);
      await redis.set(`product:${id}`, JSON.stringify(loaded), 'EX', PRODUCT_S);
      return loaded;
    },
    write: (id) => redis.set(writtenKey(id), 'value'),
    async close() {
      redis.disconnect();
    },
  };
}
