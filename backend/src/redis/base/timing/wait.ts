import type { Clock, Stop } from './clock.js';
import { onAbort } from './on-abort.js';

/**
 * What may end a wait early: it calls `end` when it is reached, which may be at once. The wait stops it
 * when it is over.
 */
export type Limit = (end: (error?: unknown) => void) => Stop;

/** Ends a wait. The first to do so counts. */
export interface Answer<T> {
  /** Ends it with a value. Returns whether it was still going on. */
  readonly give: (value: T) => boolean;
  /** Ends it with an error. */
  readonly refuse: (error: unknown) => void;
}

const nothing = (): void => undefined;

/** A limit in time; `null` sets none. It keeps the process alive: somebody waits. */
export function atDeadline(clock: Clock, ms: number | null, error?: () => unknown): Limit {
  if (ms === null) return () => nothing;
  return (end) =>
    clock.hold(ms, () => {
      end(error?.());
    });
}

/** The limit of a signal, also of one that has fired already. Without `error` it ends with the signal's reason. */
export function onSignal(signal: AbortSignal | null, error?: () => unknown): Limit {
  return (end) =>
    onAbort(signal, () => {
      end(error === undefined ? signal?.reason : error());
    });
}

/**
 * Waits for an answer, or for the first limit to be reached, whose error it throws. In every ending
 * all timers and listeners are gone.
 *
 * @param watch - begins to look for the answer; what it returns ends that
 */
export function waitFor<T>(
  watch: (answer: Answer<T>) => Stop,
  ...limits: readonly Limit[]
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stops: Stop[] = [];
    let isOver = false;
    const finish = (): boolean => {
      if (isOver) return false;
      isOver = true;
      for (const stop of stops) stop();
      return true;
    };
    const give = (value: T): boolean => {
      const isFirst = finish();
      if (isFirst) resolve(value);
      return isFirst;
    };
    const refuse = (error: unknown): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a limit or the answer says
      if (finish()) reject(error);
    };
    // One that ends the wait while it begins must be stopped all the same.
    const keep = (stop: Stop): void => {
      if (isOver) stop();
      else stops.push(stop);
    };
    for (const limit of limits) keep(limit(refuse));
    keep(watch({ give, refuse }));
  });
}

/** What work answers, unless a limit is reached first. What comes of the work later is ignored. */
export function answerWithin<T>(work: Promise<T>, ...limits: readonly Limit[]): Promise<T> {
  return waitFor(
    ({ give, refuse }) => {
      work.then(give, refuse);
      return nothing;
    },
    ...limits,
  );
}

/** Waits until work has ended, well or not. Returns whether it did before a limit was reached. */
export async function endsWithin(
  work: Promise<unknown>,
  ...limits: readonly Limit[]
): Promise<boolean> {
  const ended = work.then(nothing, nothing);
  try {
    await answerWithin(ended, ...limits);
    return true;
  } catch {
    return false;
  }
}
