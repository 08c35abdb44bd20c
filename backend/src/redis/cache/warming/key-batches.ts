import { answerWithin, atDeadline, onSignal, type Clock } from '../../base/timing/index.js';
import { checkKey, refusal } from '../values/cache-keys.js';
import type { WarmUpKeys, WarmUpPosition } from './warm-up-plan.js';

/** How many keys are looked up with one question. */
const BATCH = 100;

/**
 * The keys of a plan, some at a time. Whoever gives them may fail, or never answer: each step fails after `stepMs`,
 * and all of them end when the signal fires.
 */
export async function* keyBatches(
  keys: WarmUpKeys,
  position: WarmUpPosition,
  { clock, stepMs }: { readonly clock: Clock; readonly stepMs: number },
): AsyncGenerator<readonly string[]> {
  const within = <T>(work: Promise<T>): Promise<T> =>
    answerWithin(
      work,
      onSignal(position.signal),
      atDeadline(clock, stepMs, () => noKeys(stepMs)),
    );
  const source = iteratorOf(await within(Promise.resolve(keys(position))));
  let batch: string[] = [];
  try {
    for (;;) {
      const step = await within(Promise.resolve(source.next()));
      if (step.done === true) break;
      checkKey(step.value);
      batch.push(step.value);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  } finally {
    // Not waited for: a generator that hangs does not end either.
    void Promise.resolve(source.return?.()).catch(() => undefined);
  }
  if (batch.length > 0) yield batch;
}

function iteratorOf(
  given: Iterable<string> | AsyncIterable<string> | null,
): Iterator<string> | AsyncIterator<string> {
  if (typeof given === 'object' && given !== null) {
    if (Symbol.asyncIterator in given) return given[Symbol.asyncIterator]();
    if (Symbol.iterator in given) return given[Symbol.iterator]();
  }
  const message =
    'keys must return what can be iterated over, such as a list or an async generator';
  throw refusal('warmUp.keys', `(${typeof given})`, message, 'For example: keys: () => allKeys()');
}

function noKeys(stepMs: number): Error {
  const message = `no further key came within ${String(stepMs)} ms`;
  return refusal(
    'warmUp.keys',
    '(pending)',
    message,
    'See why what gives the keys does not answer',
  );
}
