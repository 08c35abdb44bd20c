import { now } from '../common/clock.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { zipf } from '../common/zipf.js';
import { HttpPool } from '../drill/http-pool.js';
import type { Target } from '../drill/load.js';
import { PRODUCTS } from '../drill/mix.js';

/** The product that is on the front page of a newspaper. Few ask for it otherwise. */
export const HOT_PRODUCT = 777;

/** One request for a product. */
export interface ProductRead {
  readonly dueAt: number;
  settledAt: number;
  readonly instance: number;
  readonly isHot: boolean;
  /** What was answered for the product; `null` for an answer that is none. */
  price: number | null;
}

const TIMEOUT_MS = 5_000;
const SEED = 13;

/** Reads of products as in a shop, and in the middle of them a rush on one product. */
export class Rush {
  readonly reads: ProductRead[] = [];
  readonly #pools: readonly HttpPool[];
  readonly #loop: OpenLoop;
  readonly #next = zipf(PRODUCTS, 1, SEED);
  /** While it is on, every second request is for the one product. */
  isOn = false;

  constructor(targets: readonly Target[], rate: number) {
    this.#pools = targets.map((target) => new HttpPool({ ...target, timeoutMs: TIMEOUT_MS }));
    this.#loop = new OpenLoop(rate, (index, dueAt) => {
      this.#issue(index, dueAt);
    });
  }

  /** Begins; returns when that was. */
  start(): number {
    return this.#loop.start();
  }

  /** Issues nothing more. */
  stop(): void {
    this.#loop.stop();
  }

  /** Closes all sockets. */
  close(): void {
    for (const pool of this.#pools) pool.close();
  }

  // The instances take turns, for the one product and for the others.
  #issue(index: number, dueAt: number): void {
    const isHot = this.isOn && index % 2 === 0;
    const product = isHot ? HOT_PRODUCT : 1 + this.#next();
    const instance = (index >> 1) % this.#pools.length;
    const read: ProductRead = {
      ...{ dueAt, instance, settledAt: NaN, price: null },
      isHot: product === HOT_PRODUCT,
    };
    this.reads.push(read);
    this.#pools[instance]?.send({
      text: `GET /api/products/${String(product)} HTTP/1.1\r\nHost: drill\r\n\r\n`,
      ...{ dueAt, isRepeatable: true },
      settle: (outcome, body) => {
        read.settledAt = now();
        if (outcome === 200) read.price = priceIn(body, product);
      },
    });
  }
}

function priceIn(body: Buffer, product: number): number | null {
  try {
    const { id, priceCents } = JSON.parse(body.toString()) as { id?: number; priceCents?: number };
    return Number(id) === product ? (priceCents ?? null) : null;
  } catch {
    return null;
  }
}
