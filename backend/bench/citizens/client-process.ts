import type { ClusterPlace } from '../clients/bench-client.js';
import { within } from '../common/clock.js';
import { codeOf } from '../common/ledger.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { serve } from '../common/serve.js';
import type { Row } from './books.js';
import { openConnections, type Connections, type Variant } from './connections.js';
import { startConsumer, type Consumer, type ConsumerName } from './consumer.js';

/** What one process is told. */
export interface ConsumerOrder {
  readonly consumer: ConsumerName;
  readonly variant: Variant;
  readonly place: ClusterPlace;
  readonly perSecond: number;
}

/** What one process tells in the end. */
export interface ConsumerAccount {
  readonly rows: readonly Row[];
  /** Rejections that nobody handled: without a handler of the application they end its process. */
  readonly unhandled: readonly string[];
}

const CLOSE_MS = 5000;

const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(codeOf(reason)));
process.on('uncaughtException', (error) => unhandled.push(codeOf(error)));

let connections: Connections;
let consumer: Consumer;
let loop: OpenLoop;

serve({
  async start(order: ConsumerOrder): Promise<void> {
    connections = await openConnections(order.variant, order.place);
    const name = `${order.consumer}-${order.variant}`;
    consumer = await startConsumer(order.consumer, connections, name);
    loop = new OpenLoop(order.perSecond, (number) => consumer.ask(number));
  },

  load(): void {
    for (const books of consumer.books) books.start();
    loop.start();
  },

  /** Ends the load, and waits at most `graceMs` for what was accepted. */
  async finish(graceMs: number): Promise<ConsumerAccount> {
    loop.stop();
    for (const books of consumer.books) books.stop();
    const settled = consumer.books.map((books) => books.settled());
    await within(graceMs, Promise.all(settled), null);
    return { rows: await consumer.rows(), unhandled };
  },

  async close(): Promise<void> {
    await within(CLOSE_MS, consumer.close(), null);
    await within(CLOSE_MS, connections.close(), null);
  },
});
