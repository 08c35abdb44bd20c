import type { RedisService } from '../../src/redis/index.js';
import { codeOf } from '../common/ledger.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';

const GRAIN_MS = 5;

/** Half reads, half writes, over and over on the same thousand keys; keeps nothing but counts. */
export class LightLoad {
  readonly answered = { reads: 0, writes: 0 };
  readonly failed = new Map<string, number>();
  private readonly loop: OpenLoop;

  constructor(redis: RedisService, perSecond: number) {
    const value = 'x'.repeat(100);
    const issue = (index: number): void => {
      const key = `bench:light:${String(index % 1000)}`;
      if (index % 2 === 0) this.count('writes', redis.set(key, value));
      else this.count('reads', redis.get(key));
    };
    this.loop = new OpenLoop(perSecond, issue, { grainMs: GRAIN_MS });
  }

  start(): void {
    this.loop.start();
  }

  stop(): void {
    this.loop.stop();
  }

  private count(kind: 'reads' | 'writes', call: Promise<unknown>): void {
    call.then(
      () => {
        this.answered[kind] += 1;
      },
      (error: unknown) => {
        const code = codeOf(error);
        this.failed.set(code, (this.failed.get(code) ?? 0) + 1);
      },
    );
  }
}
