import type { Redis } from 'ioredis';
import Redlock, { type ExecutionResult, type Lock } from 'redlock';
import { lossOf, TRACED_SCRIPTS } from './lock-traces.js';

const RETRY_MS = 50;

/** What becomes of work under a lock. */
interface Held {
  /** Settles when the work begins, or cannot begin. */
  readonly had: Promise<void>;
  /** Settles when all is over. */
  readonly released: Promise<void>;
}

/** redlock on one primary, which knows why a release was refused: that is the code of its error. */
export class TracedRedlock extends Redlock {
  constructor(
    private readonly client: Redis,
    { retryCount }: { readonly retryCount: number },
  ) {
    super([client], { retryCount, retryDelay: RETRY_MS }, TRACED_SCRIPTS);
  }

  /** Does the work under a lock. */
  hold(resource: string, lockMs: number, work: () => Promise<void>): Held {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const released = this.using([resource], lockMs, () => {
      begin();
      return work();
    });
    return { had: Promise.race([begun, released]), released };
  }

  override async release(lock: Lock): Promise<ExecutionResult> {
    try {
      return await super.release(lock);
    } catch (error) {
      throw Object.assign(error as Error, { code: await lossOf(this.client, lock.value) });
    }
  }
}
