import { SystemClock } from '../../redis/base/timing/index.js';
import { CliError } from '../frame/index.js';
import { survey, type ReachOptions, type Survey } from '../reach/index.js';
import { compareLooks, diagnose, type Diagnosis, type Look } from './diagnose.js';
import { gatherFacts } from './facts/gather-facts.js';
import type { LookUp } from './facts/look-up-names.js';
import type { Picture } from './picture.js';

/** What is examined, and for how long at most. */
export interface ExaminePlan {
  readonly options: ReachOptions;
  readonly deadlineMs: number;
  /** For how long what may pass must have been seen. */
  readonly patienceMs: number;
  readonly doubts: Picture['doubts'];
  readonly keepsSessions: boolean;
  readonly user: string | null;
  readonly writesStates: boolean;
  readonly lookUp?: LookUp;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What an examination has come to. */
export interface Examination extends Diagnosis {
  readonly survey: Survey;
  readonly picture: Picture;
  readonly tookMs: number;
  readonly looks: number;
}

const clock = new SystemClock();
const LOOK_EVERY_MS = 1_000;
const MAX_ANSWER_MS = 2_000;
/** Sentinels, further ones, nodes, and what is asked besides: each is connected to, and then answers. */
const WAITS_IN_A_LOOK = 8;
const REST_MS = 1_500;

/**
 * Looks at a cluster, and looks again while what it sees may pass. Changes nothing.
 *
 * @throws {@link CliError} if not even one look was finished in time.
 */
export async function examine(plan: ExaminePlan): Promise<Examination> {
  const startedAt = clock.now();
  const perAnswerMs = Math.min(
    MAX_ANSWER_MS,
    Math.floor((plan.deadlineMs - REST_MS) / WAITS_IN_A_LOOK),
  );
  const looks: Look[] = [];
  const leftMs = (): number => startedAt + plan.deadlineMs - clock.now();
  let last: Picture | null = null;
  let lookTookMs: number;
  do {
    if (last !== null) await clock.sleep(LOOK_EVERY_MS, plan.signal);
    const from = clock.now();
    const picture: Picture | null = await inTime(
      lookOnce(plan, perAnswerMs, last),
      leftMs(),
      plan.signal,
    );
    if (picture === null) break;
    last = picture;
    lookTookMs = clock.now() - from;
    looks.push({ at: clock.now(), findings: diagnose(picture) });
  } while (
    !plan.signal.aborted &&
    compareLooks(looks, plan.patienceMs).isUnsure &&
    leftMs() > LOOK_EVERY_MS + lookTookMs
  );
  if (last === null) throw unfinished(plan);
  return {
    ...compareLooks(looks, plan.patienceMs),
    survey: last.survey,
    picture: last,
    tookMs: clock.now() - startedAt,
    looks: looks.length,
  };
}

function unfinished({ deadlineMs }: ExaminePlan): CliError {
  return new CliError(
    `It was not finished within ${String(deadlineMs / 1_000)} s`,
    'Give it more time: --deadline 60s',
  );
}

/** What is not part of the survey does not change within seconds: it is asked once. */
async function lookOnce(
  plan: ExaminePlan,
  perAnswerMs: number,
  before: Picture | null,
): Promise<Picture> {
  const { options, doubts, keepsSessions, user, writesStates, lookUp, now } = plan;
  const seen = await survey(options, now, perAnswerMs);
  const facts =
    before ??
    (await gatherFacts(seen, {
      ...{ options, user, writesStates, deadlineMs: perAnswerMs },
      ...(lookUp === undefined ? {} : { lookUp }),
    }));
  return { ...facts, survey: seen, doubts, keepsSessions };
}

/** Waits for something, and not any longer than it may take. */
async function inTime<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T | null> {
  const over = new AbortController();
  const late = clock.sleep(ms, AbortSignal.any([over.signal, signal])).then(() => null);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
