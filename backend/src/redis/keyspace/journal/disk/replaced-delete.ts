import { compareStamps } from '../../store/stamp.js';
import {
  isDelete,
  type JournaledWrite,
  type JournalRecord,
  type ReplacedDelete,
} from './journal-log.js';

/**
 * The record, with the delete that it replaces in the journal: Redis has to hear of that as well, or what others hand in
 * later would be back when the value has expired.
 */
export function withDelete(record: JournalRecord, replaced: JournalRecord | null): JournalRecord {
  if (record.kind !== 'write' || isDelete(record) || record.write.replaces !== undefined)
    return record;
  const deleted = replaced?.kind === 'write' ? deleteIn(replaced) : undefined;
  if (deleted === undefined || isLater(record.deleted, deleted)) return record;
  return { ...record, deleted };
}

function deleteIn(record: JournaledWrite): ReplacedDelete | undefined {
  const { write, madeAt } = record;
  if (!isDelete(record) || write.ttlMs === null) return record.deleted;
  return { stamp: write.stamp, madeAt, ttlMs: write.ttlMs };
}

// Records of several processes meet: each may have replaced another delete.
function isLater(one: ReplacedDelete | undefined, other: ReplacedDelete): boolean {
  return one !== undefined && compareStamps(one.stamp, other.stamp) > 0;
}
