import { TestClusterError } from '../../base/errors/index.js';

/** How long to wait for a condition, and what to call it when it does not come true. */
export interface WaitOptions {
  /** What is waited for, in words, for the error. */
  readonly what: string;
  /** When to give up, in ms. @defaultValue 15000 */
  readonly timeoutMs?: number;
  /** Pause between two checks, in ms. @defaultValue 25 */
  readonly everyMs?: number;
  /** Called when giving up; its lines are added to the error. */
  readonly explain?: () => readonly string[];
}

/** What a condition may return: anything falsy means "not yet". */
export type NotYet = false | null | undefined | 0 | '';

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_PAUSE_MS = 25;

/**
 * Calls `look` until it returns something truthy, and resolves with that. If it throws, that counts as
 * "not yet"; the last error becomes the cause.
 * @throws TestClusterError when the time is up.
 */
export async function waitUntil<T>(
  look: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, NotYet>> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const giveUpAt = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await look();
      if (answer) return answer as Exclude<T, NotYet>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= giveUpAt) throw tooLate(options, timeoutMs, cause);
    await pause(options.everyMs ?? DEFAULT_PAUSE_MS);
  }
}

/** Resolves after `ms` of real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function tooLate(options: WaitOptions, timeoutMs: number, cause: unknown): TestClusterError {
  const lines = [`Waited ${String(timeoutMs)} ms in vain: ${options.what}.`];
  if (cause instanceof Error) lines.push(`The last look failed: ${cause.message}`);
  lines.push(...(options.explain?.() ?? []));
  return new TestClusterError(lines.join('\n'), { timeoutMs, what: options.what }, { cause });
}
