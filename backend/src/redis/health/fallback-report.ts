import type { FallbackStatus } from '../keyspace/index.js';
import { isoTime } from './written-figures.js';

/** What is looked at of the part that works without Redis. A part of `RedisService.status.fallback`. */
export type FallbackSource = Pick<FallbackStatus, 'breakers'> &
  Partial<Pick<FallbackStatus, 'memory' | 'journal'>>;

/** What memory holds against its bounds: in all, and of sessions, values and ends. */
export type MemoryHealth = FallbackStatus['memory'];

/** What waits in the journal, what was lost, and how its file is. */
export type JournalHealth = Omit<
  FallbackStatus['journal'],
  'appended' | 'applied' | 'superseded' | 'acknowledged' | 'file'
> & {
  /** `null` where the journal is in memory only. */
  readonly file:
    | (Omit<JournalFile, 'since'> & {
        /** Since when it takes no writes, as an ISO 8601 time; `null` while it is sound. */
        readonly since: string | null;
      })
    | null;
};

type JournalFile = NonNullable<FallbackStatus['journal']['file']>;

/** Copies in memory against their bounds. */
interface UsageReport {
  readonly entries: number;
  readonly max_entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  /** How many left for lack of room. */
  readonly evictions: number;
}

/** What memory holds. Sessions and values share their bounds. */
export interface MemoryReport extends UsageReport {
  readonly sessions: UsageReport;
  readonly values: UsageReport;
  readonly ends: UsageReport;
}

/** What waits for Redis, what was lost, and how the file is. */
export interface JournalReport {
  readonly entries: number;
  readonly max_entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly oldest_ms: number | null;
  readonly is_full: boolean;
  readonly dropped: number;
  readonly expired: number;
  readonly rejected: number;
  readonly refused: number;
  /** `null` where the journal is in memory only. */
  readonly file: {
    readonly state: 'sound' | 'failed' | 'hung';
    readonly reason: string | null;
    readonly since: string | null;
    readonly bytes: number;
    readonly queued_bytes: number;
    readonly failures: number;
  } | null;
}

/** Makes the members `memory` and `journal` of {@link RedisHealth}, as far as the source tells of them. */
export function fallbackReport({ memory, journal }: Partial<FallbackSource> = {}): {
  readonly memory?: MemoryHealth;
  readonly journal?: JournalHealth;
} {
  return {
    ...(memory !== undefined && { memory }),
    ...(journal !== undefined && { journal: journalHealth(journal) }),
  };
}

/** The same for {@link ClusterMetrics}, where names are written in another way. */
export function fallbackMetrics(source: Partial<FallbackSource> = {}): {
  readonly memory?: MemoryReport;
  readonly journal?: JournalReport;
} {
  const { memory, journal } = fallbackReport(source);
  return {
    ...(memory !== undefined && { memory: memoryReport(memory) }),
    ...(journal !== undefined && { journal: journalReport(journal) }),
  };
}

/**
 * What is wrong with the journal, in words; `null` while it takes writes and keeps them. It is no reason to take
 * an application out of service: another process would not keep them better.
 */
export function journalProblem({ isFull, file }: FallbackStatus['journal']): string | null {
  if (isFull) return 'the journal is full and refuses writes';
  if (file?.state === 'hung') return 'the disk of the journal does not answer';
  if (file?.state === 'failed') {
    return `the journal cannot be written to disk (${String(file.reason)})`;
  }
  return null;
}

function journalHealth(journal: FallbackStatus['journal']): JournalHealth {
  const { entries, maxEntries, bytes, maxBytes, oldestMs, isFull, file } = journal;
  const { dropped, expired, rejected, refused } = journal;
  return {
    entries,
    maxEntries,
    bytes,
    maxBytes,
    oldestMs,
    isFull,
    dropped,
    expired,
    rejected,
    refused,
    file: file === null ? null : { ...file, since: isoTime(file.since) },
  };
}

function memoryReport(memory: MemoryHealth): MemoryReport {
  const { sessions, values, ends } = memory.classes;
  return {
    ...usageReport(memory),
    sessions: usageReport(sessions),
    values: usageReport(values),
    ends: usageReport(ends),
  };
}

function usageReport(usage: MemoryHealth['classes']['values']): UsageReport {
  const { entries, maxEntries, bytes, maxBytes, evictions } = usage;
  return { entries, max_entries: maxEntries, bytes, max_bytes: maxBytes, evictions };
}

function journalReport({ maxEntries, maxBytes, oldestMs, isFull, file, ...rest }: JournalHealth) {
  return {
    ...rest,
    max_entries: maxEntries,
    max_bytes: maxBytes,
    oldest_ms: oldestMs,
    is_full: isFull,
    file: file === null ? null : fileReport(file),
  };
}

function fileReport({ queuedBytes, ...rest }: NonNullable<JournalHealth['file']>) {
  return { ...rest, queued_bytes: queuedBytes };
}
