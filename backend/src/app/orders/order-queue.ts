import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Queue, Worker } from 'bullmq';
import { RedisService } from '../../redis/index.js';
import { APP_CONFIG, type AppConfig } from '../app-config.js';
import { OrdersRepository } from './orders.repository.js';

interface OrderJob {
  readonly orderId: string;
}

const LOOK_EVERY_MS = 5000;
const MAX_AT_ONCE = 1000;
const CLOSE_WITHIN_MS = 1000;
const DEFAULTS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 500 },
  // What is done is in the database. A job that stayed would keep its order from being handed over again.
  removeOnComplete: true,
  removeOnFail: true,
} as const;
// A job whose worker has lost its connection, or died, is taken over after this time: BullMQ waits 30 s otherwise.
const WORK = { concurrency: 4, lockDuration: 10_000, stalledInterval: 5000, maxStalledCount: 10 };

/**
 * Sees to it that orders are confirmed: a job in Redis, which one of the processes does. Redis may lose a job, and
 * may be away when an order is placed. The database knows what is not confirmed, so each process looks there
 * now and then and hands it over again; the id of the job keeps it from being there twice. In memory mode there is no queue,
 * and this process confirms them itself.
 */
@Injectable()
export class OrderQueue implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  readonly #log = new Logger('Orders');
  #jobs: { readonly queue: Queue<OrderJob>; readonly worker: Worker<OrderJob> } | null = null;
  #looking: NodeJS.Timeout | undefined;
  #handing = 0;
  #workDone: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly orders: OrdersRepository,
    private readonly redis: RedisService,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'database'>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.redis.mode === 'memory') {
      this.#log.log('Orders are confirmed by this process alone: without Redis there is no queue');
    } else {
      this.#jobs = this.#open(`orders-${await this.orders.databaseId()}`);
    }
    this.#lookLater();
  }

  /** Takes no further jobs, and finishes those that it has while requests are finished. */
  onModuleDestroy(): void {
    clearTimeout(this.#looking);
    this.#looking = undefined;
    this.#workDone = this.#jobs?.worker.close() ?? this.#workDone;
    this.#workDone.catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#jobs === null) return;
    const { queue, worker } = this.#jobs;
    this.#jobs = null;
    if (await isWithin(CLOSE_WITHIN_MS, this.#leave(queue))) return;
    // Redis is away. Connections that try again end when the library does, without the event that BullMQ waits for.
    for (const one of [worker, queue]) void one.disconnect().catch(() => undefined);
  }

  /** Has an order confirmed, soon. Nobody waits for it, and it never fails. */
  hand(orderId: string): void {
    // A raw client queues commands while there is no primary, without an end: whoever looks later hands it over.
    if (this.#handing >= MAX_AT_ONCE || (this.#jobs !== null && !this.redis.canWrite)) return;
    this.#handing++;
    this.#pass(orderId)
      .catch((error: unknown) => {
        this.#log.debug({ msg: 'An order is to be handed over again', orderId, err: error });
      })
      .finally(() => this.#handing--);
  }

  async #leave(queue: Queue<OrderJob>): Promise<void> {
    await this.#workDone.catch(() => undefined);
    const { database } = this.config;
    // The orders are gone with this process, and nobody has a use for their queue.
    if (database.kind === 'embedded' && database.folder === null) {
      await queue.obliterate({ force: true }).catch(() => undefined);
    }
    await queue.close().catch(() => undefined);
  }

  async #pass(orderId: string): Promise<void> {
    if (this.#jobs === null) await this.#confirm(orderId);
    else await this.#jobs.queue.add('confirm', { orderId }, { jobId: `order-${orderId}` });
  }

  #open(name: string): { queue: Queue<OrderJob>; worker: Worker<OrderJob> } {
    const connection = { ...this.redis.connectionOptions(), maxRetriesPerRequest: null };
    const queue = new Queue<OrderJob>(name, { connection, defaultJobOptions: DEFAULTS });
    const work = (job: { readonly data: OrderJob }): Promise<void> =>
      this.#confirm(job.data.orderId);
    const worker = new Worker<OrderJob>(name, work, { ...WORK, connection });
    // Each connection that breaks is an error here, and the library tells of it anyway. Without a listener it ends the process.
    queue.on('error', () => undefined);
    worker.on('error', () => undefined);
    worker.on('failed', (job, error) => {
      this.#log.warn({
        msg: 'An order is not confirmed yet',
        orderId: job?.data.orderId,
        err: error,
      });
    });
    return { queue, worker };
  }

  async #confirm(orderId: string): Promise<void> {
    if (await this.orders.confirm(orderId)) this.#log.log({ msg: 'Order confirmed', orderId });
  }

  #lookLater(): void {
    // Not all processes at once.
    const delayMs = LOOK_EVERY_MS * (0.75 + Math.random() / 2);
    const looking = setTimeout(() => {
      void this.#look().then(() => {
        if (this.#looking === looking) this.#lookLater();
      });
    }, delayMs).unref();
    this.#looking = looking;
  }

  async #look(): Promise<void> {
    try {
      for (const id of await this.orders.unconfirmed(LOOK_EVERY_MS, MAX_AT_ONCE)) this.hand(id);
    } catch {
      this.#log.debug('Nobody knows which orders are not confirmed; the next look is soon');
    }
  }
}

async function isWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const isDone = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return isDone;
}
