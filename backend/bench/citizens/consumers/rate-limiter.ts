import { RateLimiterRedis } from 'rate-limiter-flexible';
import { Books } from '../books.js';
import type { StartConsumer } from '../consumer.js';

const POINTS = 1_000_000;
const SECONDS = 600;

/** rate-limiter-flexible: each call counts one point of the same caller. */
export const startRateLimiter: StartConsumer = async (connections, name) => {
  const client = connections.client();
  const limiter = new RateLimiterRedis({
    storeClient: client,
    keyPrefix: name,
    points: POINTS,
    duration: SECONDS,
  });
  await client.ping();
  const books = new Books('calls');
  return {
    books: [books],
    ask: (number) => books.ask(number, limiter.consume('caller'), { isDone: true }),
    async rows() {
      const counted = await limiter.get('caller').catch(() => null);
      return [books.counted(counted?.consumedPoints ?? NaN)];
    },
    close: async () => client.disconnect(),
  };
};
