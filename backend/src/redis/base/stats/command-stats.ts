import { RedisHaError } from '../errors/index.js';
import type { Clock } from '../timing/index.js';
import { LatencyHistogram, type LatencyStats } from './latency-histogram.js';
import { RecentLatency, type RecentPercentiles } from './recent-latency.js';

/** Measured separately: reads may go to replicas, writes wait for a primary, blocking commands wait on purpose. */
export const COMMAND_KINDS = ['read', 'write', 'blocking'] as const;
/** One of {@link COMMAND_KINDS}. */
export type CommandKind = (typeof COMMAND_KINDS)[number];

/**
 * How a command ended. `timeout`: it was not answered by its deadline, and nothing was changed;
 * `no-node`: there was no node or no connection for it; `uncertain`: a write that was sent and not answered.
 */
export const COMMAND_OUTCOMES = [
  'ok',
  'rejected',
  'timeout',
  'no-node',
  'queue-full',
  'uncertain',
  'aborted',
  'closed',
] as const;
/** One of {@link COMMAND_OUTCOMES}. */
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

/** Why a command was sent again: its node refused it, its answer was lost, its node was silent. */
const RETRY_REASONS = ['refused', 'lost', 'silent'] as const;
/** One of {@link RETRY_REASONS}. */
export type RetryReason = (typeof RETRY_REASONS)[number];

/** What Redis said when it rejected a command: no memory left, no right to do it, and everything else. */
export const REJECTION_REPLIES = ['OOM', 'NOPERM', 'other'] as const;
/** One of {@link REJECTION_REPLIES}. */
export type RejectionReply = (typeof REJECTION_REPLIES)[number];

/** The stats of one kind. Durations are those that the caller sees: with waiting and with repetitions. */
export interface KindStats {
  readonly outcomes: Readonly<Record<CommandOutcome, number>>;
  /** Commands that missed their deadline: all `timeout` and `no-node`, and some of `uncertain`. */
  readonly deadlineMisses: number;
  readonly durations: LatencyStats;
}

/** The stats of all commands since the process started. Plain data. */
export interface CommandStats {
  readonly kinds: Readonly<Record<CommandKind, KindStats>>;
  readonly retries: Readonly<Record<RetryReason, number>>;
  /** The commands that ended with `rejected`, by what Redis said. */
  readonly rejections: Readonly<Record<RejectionReply, number>>;
}

/** How long the commands of the last minute took, by their kind. Plain data. */
export type RecentLatencies = Readonly<Record<CommandKind, RecentPercentiles>>;

const OUTCOME_OF_CODE: Readonly<Record<string, CommandOutcome>> = {
  COMMAND_TIMEOUT: 'timeout',
  NO_PRIMARY: 'no-node',
  NO_REPLICA: 'no-node',
  CONNECTION_LOST: 'no-node',
  QUEUE_FULL: 'queue-full',
  COMMAND_UNCERTAIN: 'uncertain',
  COMMAND_ABORTED: 'aborted',
  CLOSED: 'closed',
};

/** The reason in `COMMAND_UNCERTAIN` when a write was sent and its deadline passed. */
export const DEADLINE_PASSED = 'the deadline passed';

/** Counts how commands end and how long they take. Always on, so it must cost next to nothing. */
export class CommandRecorder {
  readonly #clock: Clock;
  readonly #kinds = recordOf(COMMAND_KINDS, () => new KindRecorder());
  readonly #retries = recordOf(RETRY_REASONS, () => 0);
  readonly #rejections = recordOf(REJECTION_REPLIES, () => 0);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a command that began at `startedAt` and was answered. */
  succeeded(kind: CommandKind, startedAt: number): void {
    this.#kinds[kind].add('ok', startedAt, this.#clock.now());
  }

  /** Counts a command that began at `startedAt` and ended with an error. */
  failed(kind: CommandKind, startedAt: number, error: unknown): void {
    const outcome = outcomeOf(error);
    this.#kinds[kind].add(outcome, startedAt, this.#clock.now());
    if (outcome === 'rejected') this.#rejections[replyOf(error)]++;
    if (isDeadlineMiss(outcome, error)) this.#kinds[kind].missDeadline();
  }

  /**
   * Counts the outcome of a command that has just begun, and returns it.
   *
   * @param goesOn - says of a failure that it is not the end: another command counts
   */
  async watch<T>(
    kind: CommandKind,
    running: Promise<T>,
    goesOn?: (error: unknown) => boolean,
  ): Promise<T> {
    const startedAt = this.#clock.now();
    try {
      const value = await running;
      this.succeeded(kind, startedAt);
      return value;
    } catch (error) {
      if (goesOn?.(error) !== true) this.failed(kind, startedAt, error);
      throw error;
    }
  }

  /** Counts that a command is sent again. */
  retried(reason: RetryReason): void {
    this.#retries[reason]++;
  }

  /** The stats up to now. */
  get stats(): CommandStats {
    const kinds = recordOf(COMMAND_KINDS, (kind) => this.#kinds[kind].stats);
    return { kinds, retries: { ...this.#retries }, rejections: { ...this.#rejections } };
  }

  /** The percentiles of the last minute. Apart from the stats, because computing them takes a while. */
  get recentLatency(): RecentLatencies {
    const now = this.#clock.now();
    return recordOf(COMMAND_KINDS, (kind) => this.#kinds[kind].recent.percentiles(now));
  }
}

class KindRecorder {
  readonly #outcomes = recordOf(COMMAND_OUTCOMES, () => 0);
  readonly #durations = new LatencyHistogram();
  readonly recent = new RecentLatency();
  #deadlineMisses = 0;

  missDeadline(): void {
    this.#deadlineMisses++;
  }

  add(outcome: CommandOutcome, startedAt: number, now: number): void {
    const ms = now - startedAt;
    this.#outcomes[outcome]++;
    this.#durations.add(ms);
    this.recent.add(ms, now);
  }

  get stats(): KindStats {
    return {
      outcomes: { ...this.#outcomes },
      deadlineMisses: this.#deadlineMisses,
      durations: this.#durations.stats,
    };
  }
}

function outcomeOf(error: unknown): CommandOutcome {
  if (!RedisHaError.is(error)) return 'rejected';
  return OUTCOME_OF_CODE[error.code] ?? 'rejected';
}

function replyOf(error: unknown): RejectionReply {
  const said = RedisHaError.is(error) ? error.details['reply'] : undefined;
  return REJECTION_REPLIES.find((reply) => reply === said) ?? 'other';
}

function isDeadlineMiss(outcome: CommandOutcome, error: unknown): boolean {
  if (outcome === 'timeout' || outcome === 'no-node') return true;
  const isUncertain = outcome === 'uncertain' && RedisHaError.is(error);
  return isUncertain && error.details['reason'] === DEADLINE_PASSED;
}

function recordOf<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
