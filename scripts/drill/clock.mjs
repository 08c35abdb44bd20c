// Time as the drill tells it: calendar milliseconds with a fraction, steady within one process.

/** Milliseconds since 1970, steady while the process lives. */
export const now = () => performance.timeOrigin + performance.now();

/** Resolves after `ms`. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** Resolves at a moment of {@link now}. */
export const sleepUntil = (at) => sleep(at - now());

/** Resolves with what `look` answers as soon as that is something; fails with `what` when the time is up. */
export async function until(look, what, timeoutMs, everyMs = 100) {
  const giveUpAt = now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (now() > giveUpAt) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s.`);
    await sleep(everyMs);
  }
}
