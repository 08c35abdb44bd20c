import { CliError } from '../frame/index.js';
import type { Answer } from '../reach/index.js';

/** One change of one server. */
export interface Step {
  /** Where it happens. */
  readonly server: string;
  readonly run: () => Promise<Answer>;
  /** Takes it back. */
  readonly undo: () => Promise<Answer>;
}

/** How the end of a run of steps is kept. */
export interface StepsEnd {
  /** Has the servers write down what holds now. Runs also after steps were taken back. */
  readonly keep: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Takes steps one after the other. Where a server refuses, or somebody ends it, all that were taken before are taken back in
 * the reverse order.
 *
 * @throws {@link CliError} that says what was refused, and where it could not be taken back
 */
export async function takeSteps(steps: readonly Step[], { keep, signal }: StepsEnd): Promise<void> {
  const taken: Step[] = [];
  const failure = await takeAll(steps, taken, signal);
  if (failure === null) {
    const unkept = await reasonOf(keep());
    if (unkept === null) return;
    await takeBack(taken, unkept, keep);
  } else {
    await takeBack(taken, failure, keep);
  }
}

/** Returns why it was not taken to its end; `null` where it was. */
async function takeAll(
  steps: readonly Step[],
  taken: Step[],
  signal: AbortSignal,
): Promise<string | null> {
  for (const step of steps) {
    if (signal.aborted) return 'it was ended';
    const answer = await step.run();
    // What the server refused, it did not do. Where the answer is lost nobody knows, and it is taken back as well.
    if (answer.ok || !isRefusal(answer.reason)) taken.push(step);
    if (!answer.ok) return `${step.server} refuses: ${answer.reason}`;
  }
  return null;
}

async function takeBack(
  taken: readonly Step[],
  reason: string,
  keep: () => Promise<void>,
): Promise<never> {
  const left = new Set<string>();
  for (const { undo, server } of [...taken].reverse()) {
    if (!(await undo()).ok) left.add(server);
  }
  await reasonOf(keep());
  if (left.size === 0) {
    const remedy = 'Everything is as it was before; see to that server, and try again';
    throw new CliError(reason, remedy);
  }
  throw new CliError(
    `${reason}; and it could not be taken back on ${[...left].join(', ')}`,
    'Two passwords may be valid there: see nestjs-redis-ha rotate status',
  );
}

async function reasonOf(work: Promise<void>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// Redis begins what it refuses with a word in capitals.
function isRefusal(reason: string): boolean {
  return /^[A-Z]{2,} /.test(reason);
}
