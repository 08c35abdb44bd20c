import type { Direction } from '../base/events/index.js';
import type { FallbackStatus } from '../keyspace/index.js';
import type { RememberedStatus } from './remembered-status.js';
import { byLabel, single, singleIfKnown, stateSet, type Sample } from './sample.js';

/** The samples of the part of the service that works without Redis. */
export function fallbackMetrics(
  { mode, breakers, guards, journal, memory, notices }: FallbackStatus,
  { modeChanges }: RememberedStatus,
): [string, readonly Sample[]][] {
  const openness = {
    reads: breakers.reads === 'closed' ? 0 : 1,
    writes: breakers.writes === 'closed' ? 0 : 1,
  };
  return [
    ['mode', stateSet('mode', Object.keys(modeChanges), mode)],
    ['mode_changes_total', byLabel('to', modeChanges)],
    ['breaker_open', byLabel('direction', openness)],
    [
      'keyspace_operations_total',
      [...guardMetrics('reads', guards), ...guardMetrics('writes', guards)],
    ],
    ...journalMetrics(journal),
    ['memory_entries', single(memory.entries)],
    ['memory_bytes', single(memory.bytes)],
    ['memory_max_bytes', single(memory.maxBytes)],
    ['memory_evictions_total', single(memory.evictions)],
    ['memory_session_evictions_total', single(memory.classes.sessions.evictions)],
    ['notices_refused_total', single(notices.refused)],
  ];
}

function guardMetrics(direction: Direction, guards: FallbackStatus['guards']): Sample[] {
  return byLabel('outcome', { ...guards[direction] }).map(({ labels, value }) => ({
    labels: { direction, ...labels },
    value,
  }));
}

function journalMetrics(journal: FallbackStatus['journal']): [string, readonly Sample[]][] {
  return [
    ['journal_entries', single(journal.entries)],
    ['journal_bytes', single(journal.bytes)],
    ['journal_max_bytes', single(journal.maxBytes)],
    [
      'journal_oldest_age_seconds',
      singleIfKnown(journal.oldestMs === null ? null : journal.oldestMs / 1_000),
    ],
    ['journal_applied_total', single(journal.applied)],
    ['journal_superseded_total', single(journal.superseded)],
    ['journal_dropped_total', single(journal.dropped)],
    ['journal_expired_total', single(journal.expired)],
    ['journal_rejected_total', single(journal.rejected)],
    ['journal_refused_total', single(journal.refused)],
    ...fileMetrics(journal.file),
  ];
}

function fileMetrics(file: FallbackStatus['journal']['file']): [string, readonly Sample[]][] {
  if (file === null) return [];
  return [
    ['journal_file_available', single(file.state === 'sound' ? 1 : 0)],
    ['journal_file_queued_bytes', single(file.queuedBytes)],
    ['journal_file_failures_total', single(file.failures)],
  ];
}
