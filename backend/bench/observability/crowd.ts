import type { HttpClient } from '../../test/app/support/http-client.js';
import { now } from '../common/clock.js';
import { HttpPool } from '../drill/http-pool.js';

/** What a backend did in one leg. */
export interface Served {
  readonly requests: number;
  readonly failed: number;
  readonly tookMs: number;
  readonly latencies: readonly number[];
}

const USERS = 10;
const PRODUCTS = 60;
/** How many requests are under way at a time: enough that the backend never waits for the next one. */
const CALLERS = 8;

/** Users who ask one backend for a product as soon as they have the one before. Each request checks a session. */
export class Crowd {
  readonly #pool: HttpPool;
  readonly #texts: readonly string[];
  #turn = 0;

  private constructor(pool: HttpPool, texts: readonly string[]) {
    this.#pool = pool;
    this.#texts = texts;
  }

  /** Logs the users in. */
  static async of(http: HttpClient): Promise<Crowd> {
    const tokens: string[] = [];
    for (let user = 1; user <= USERS; user++) tokens.push(await http.login(user));
    const { hostname, port } = new URL(http.url);
    const texts = Array.from({ length: PRODUCTS }, (_, product) => {
      const path = `/api/products/${String(1 + product)}`;
      const token = tokens[product % USERS] ?? '';
      return `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    });
    return new Crowd(new HttpPool({ host: hostname, port: Number(port) }), texts);
  }

  /** Asks for so long; resolves when the last answer is there. */
  async use(ms: number): Promise<Served> {
    const latencies: number[] = [];
    let failed = 0;
    const startedAt = now();
    const caller = async (): Promise<void> => {
      while (now() - startedAt < ms) {
        const sentAt = now();
        if ((await this.#ask(sentAt)) !== 200) failed++;
        latencies.push(now() - sentAt);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return { requests: latencies.length, failed, tookMs: now() - startedAt, latencies };
  }

  close(): void {
    this.#pool.close();
  }

  #ask(dueAt: number): Promise<unknown> {
    const text = this.#texts[this.#turn++ % this.#texts.length] ?? '';
    return new Promise((settle) => {
      this.#pool.send({ text, dueAt, isRepeatable: true, settle });
    });
  }
}
