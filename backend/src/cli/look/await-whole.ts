import type { Clock } from '../../redis/base/timing/index.js';
import { survey, type ReachOptions, type Survey } from '../reach/index.js';
import { problemsOf, type Expected } from './whole.js';

const LOOK_EVERY_MS = 200;
// Sentinel tries to connect once a second at most. While its connections are younger than that, it notices the loss of a
// node up to a second later than it would otherwise.
const SETTLED_AFTER_MS = 1_100;

/** What a cluster is waited for with. */
export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly expected?: Partial<Expected>;
  /** Told after each look. */
  readonly onLook?: (problems: readonly string[]) => void;
}

/** The last look, and what was missing then; nothing where the cluster is whole. */
export interface Awaited {
  readonly seen: Survey;
  readonly problems: readonly string[];
}

/** Waits until a cluster is whole, and still is a second later. Ends at the deadline, or when the signal fires. */
export async function awaitWhole(options: ReachOptions, patience: Patience): Promise<Awaited> {
  const { clock, timeoutMs, signal, expected, onLook } = patience;
  const until = clock.now() + timeoutMs;
  let wholeSince: number | null = null;
  for (;;) {
    const seen = await survey(options, () => clock.wallTime());
    const problems = problemsOf(seen, expected);
    onLook?.(problems);
    const now = clock.now();
    wholeSince = problems.length > 0 ? null : (wholeSince ?? now);
    const isSettled = wholeSince !== null && now - wholeSince >= SETTLED_AFTER_MS;
    if (isSettled || signal.aborted || now >= until) return { seen, problems };
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
