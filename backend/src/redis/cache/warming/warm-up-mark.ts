import type { EntryDecoder, EntryDraft } from '../../keyspace/index.js';

/** Why a warm-up began: a process started, Redis lost its data or came back, or the application asked for it. */
export type WarmUpCause = 'boot' | 'loss' | 'return' | 'demand';

/** What a warm-up has done. */
export interface WarmUpCounts {
  /** Keys that are done: the sum of the others. */
  readonly done: number;
  /** Keys whose value was loaded. */
  readonly loaded: number;
  /** Keys that were fresh already, or that somebody else has loaded meanwhile. */
  readonly skipped: number;
  /** Keys that could not be loaded. */
  readonly failed: number;
}

/** What Redis keeps of a warm-up, beside the lease of who leads it. */
export interface WarmUpMark extends WarmUpCounts {
  /** `stopped`: the source failed again and again. */
  readonly state: 'running' | 'finished' | 'stopped';
  readonly cause: WarmUpCause;
  /** The last key that is done. */
  readonly after: string | null;
  /** Calendar milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** Nothing is done yet. */
export const NOTHING_DONE: WarmUpCounts = { done: 0, loaded: 0, skipped: 0, failed: 0 };

/** Returns the counts of two parts of a warm-up together. */
export function sumOf(one: WarmUpCounts, other: WarmUpCounts): WarmUpCounts {
  return {
    done: one.done + other.done,
    loaded: one.loaded + other.loaded,
    skipped: one.skipped + other.skipped,
    failed: one.failed + other.failed,
  };
}

/** The codec number of what warm-ups keep: 'W'. */
const CODEC = 0x57;
const DAY_MS = 86_400_000;
const KEPT_MS = 7 * DAY_MS;

/** Returns an entry with this content. */
export function draftOf(content: WarmUpMark | readonly string[]): EntryDraft {
  return {
    kind: 'value',
    codec: CODEC,
    isCompressed: false,
    body: Buffer.from(JSON.stringify(content)),
    freshMs: KEPT_MS,
    staleMs: 0,
    groups: [],
  };
}

/** Reads what {@link draftOf} has written. */
export const CONTENTS: EntryDecoder<unknown> = {
  decode: (_key, { codec, body }) => {
    if (codec !== CODEC) return { ok: false, fault: 'unknown-codec' };
    try {
      return { ok: true, value: JSON.parse(body.toString()) as unknown };
    } catch {
      return { ok: false, fault: 'corrupt' };
    }
  },
};
