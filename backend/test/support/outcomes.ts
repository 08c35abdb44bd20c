import { RedisHaError } from '../../src/redis/index.js';

/** How a call ended, and after how long. */
export interface Outcome {
  /** The value; `undefined` when it failed or is pending. */
  readonly value: unknown;
  /** `null` when it succeeded, the code when it failed with one, `PENDING` when it had not settled in time. */
  readonly code: string | null;
  readonly error: unknown;
  readonly tookMs: number;
}

/** Waits a limited time for the outcome of a call. Never rejects. */
export async function outcomeOf(call: Promise<unknown>, withinMs = 15_000): Promise<Outcome> {
  const startedAt = performance.now();
  const took = (): number => performance.now() - startedAt;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => {
      resolve({ value: undefined, code: 'PENDING', error: null, tookMs: took() });
    }, withinMs);
  });
  const settled = call.then(
    (value): Outcome => ({ value, code: null, error: null, tookMs: took() }),
    (error: unknown): Outcome => {
      const code = RedisHaError.is(error) ? error.code : `NOT_OURS ${String(error)}`;
      return { value: undefined, code, error, tookMs: took() };
    },
  );
  const outcome = await Promise.race([settled, late]);
  clearTimeout(timer);
  return outcome;
}

/** Fails the test when a rejection is not handled while `work` runs. */
export async function withoutUnhandledRejections<T>(work: () => Promise<T>): Promise<T> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on('unhandledRejection', note);
  try {
    return await work();
  } finally {
    process.off('unhandledRejection', note);
    if (unhandled.length > 0) {
      // eslint-disable-next-line no-unsafe-finally -- nothing that work() throws matters more
      throw new AggregateError(unhandled, 'Rejected and never handled');
    }
  }
}
