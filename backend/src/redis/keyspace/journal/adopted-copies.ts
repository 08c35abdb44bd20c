import type { MemoryStore } from '../store/memory-store.js';
import { leftMs, type JournalRecord } from './disk/journal-log.js';
import { unconditional } from './disk/right-to-create.js';

/**
 * Replaces what memory holds of an adopted record: it may have been ended or changed by it, and nobody tells the
 * process of it that hands the record in itself. What memory does not hold it need not learn.
 *
 * @param wallTime - now, by the calendar
 */
export function replaceCopy(
  memory: Pick<MemoryStore, 'apply' | 'drop' | 'peek'>,
  record: JournalRecord,
  wallTime: number,
): void {
  const left = leftMs(record, wallTime);
  const ttlMs = left === null ? null : Math.max(left, 0);
  if (record.kind === 'drop') {
    memory.drop({ ...record.drop, ttlMs: ttlMs ?? 0 });
  } else if (memory.peek(record.write.key) !== null) {
    memory.apply({ ...unconditional(record.write), ttlMs });
  }
}
