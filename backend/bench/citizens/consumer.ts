import type { Books, Row } from './books.js';
import type { Connections } from './connections.js';

/** The libraries that are run over our connections. */
export const CONSUMERS = [
  'bullmq-6',
  'bullmq-5',
  'throttler',
  'socket-io',
  'microservice',
  'rate-limiter-flexible',
  'redlock',
] as const;

/** One of the libraries that are run over our connections. */
export type ConsumerName = (typeof CONSUMERS)[number];

/** A library at work. */
export interface Consumer {
  /** What it is asked for, kind by kind. */
  readonly books: readonly Books[];
  /** Asks it for one thing of each kind. */
  ask(number: number): void;
  /** What became of it all. */
  rows(): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Starts a library; resolves when it can be asked for something. */
export type StartConsumer = (connections: Connections, name: string) => Promise<Consumer>;

/** Starts a library. Loads nothing of the others. */
export async function startConsumer(
  consumer: ConsumerName,
  connections: Connections,
  name: string,
): Promise<Consumer> {
  return (await starterOf(consumer))(connections, name);
}

async function starterOf(consumer: ConsumerName): Promise<StartConsumer> {
  switch (consumer) {
    case 'bullmq-6':
      return (await import('./consumers/bullmq-6.js')).startBullMq6;
    case 'bullmq-5':
      return (await import('./consumers/bullmq-5.js')).startBullMq5;
    case 'throttler':
      return (await import('./consumers/throttler.js')).startThrottler;
    case 'socket-io':
      return (await import('./consumers/socket-io.js')).startSocketIo;
    case 'microservice':
      return (await import('./consumers/microservice.js')).startMicroservice;
    case 'rate-limiter-flexible':
      return (await import('./consumers/rate-limiter.js')).startRateLimiter;
    case 'redlock':
      return (await import('./consumers/redlock.js')).startRedlock;
  }
}
