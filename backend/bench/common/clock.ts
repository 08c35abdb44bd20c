import { now } from '../../src/cli/measure/machine-now.js';

export { now };

/** A moment in milliseconds since 1970 as one of {@link now}. */
export function fromCalendar(at: number): number {
  return now() - (Date.now() - at);
}

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** Resolves at a moment of {@link now}. */
export function sleepUntil(at: number): Promise<void> {
  return sleep(at - now());
}

/** The outcome of `work`, or `late` when it takes longer than `ms`. */
export async function within<T, L>(ms: number, work: Promise<T>, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
