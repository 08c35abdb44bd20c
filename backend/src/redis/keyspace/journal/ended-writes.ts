import { encodeEntry, newTombstone } from '../store/entry.js';
import type { StampedDrop, StampedWrite } from '../store/key-value-store.js';
import { compareStamps, rightAfter } from '../store/stamp.js';
import {
  classOf,
  type JournaledDrop,
  type JournaledWrite,
  type JournalRecord,
} from './disk/journal-log.js';

/** What decides whether a drop ends a value. */
export type EndableValue = Pick<StampedWrite, 'key' | 'stamp' | 'birth' | 'groups'>;

/** Whether a drop ends a value: it was born before, however late it was changed, and it is not spared. */
export function isEndedBy(
  { key, stamp, birth = stamp, groups }: EndableValue,
  drop: StampedDrop,
): boolean {
  if (!groups.includes(drop.group) || drop.except?.includes(key) === true) return false;
  return compareStamps(drop.stamp, birth) > 0;
}

/**
 * The end of one member, by the drop of its group. It comes right after the member: what another process has put in
 * its place since may be in other groups.
 */
export function endOf(
  member: JournaledWrite,
  { drop, madeAt }: Pick<JournaledDrop, 'drop' | 'madeAt'>,
): JournaledWrite {
  const stamp = rightAfter(member.write.stamp);
  const write = graveOf(member.write, { ...drop, stamp, madeAt });
  const memberClass = classOf(member);
  return { kind: 'write', write, madeAt, class: memberClass === 'value' ? 'delete' : memberClass };
}

/**
 * The delete in whose place a cached value stands; `null` when there is none. It stays when the value gives way. It is
 * later than the value, so that it replaces it everywhere, in the log as well.
 */
export function deleteBehind(record: JournalRecord): JournaledWrite | null {
  if (record.kind !== 'write' || record.deleted === undefined) return null;
  const { write, deleted } = record;
  const { madeAt, ttlMs } = deleted;
  const grave = graveOf(write, { stamp: rightAfter(write.stamp), madeAt, ttlMs });
  return { kind: 'write', write: grave, madeAt, class: 'delete' };
}

/** A tombstone in place of a write. */
export function graveOf(
  { key, channel }: StampedWrite,
  { stamp, ttlMs, madeAt, isFinal = false }: GraveOptions,
): StampedWrite {
  const freshUntil = Math.ceil(madeAt + ttlMs);
  return {
    key,
    stamp,
    entry: encodeEntry(newTombstone(stamp, { madeAt, freshUntil, isFinal })),
    ttlMs,
    groups: [],
    ...(isFinal && { isFinal }),
    ...(channel !== undefined && { channel }),
  };
}

interface GraveOptions extends Pick<StampedDrop, 'stamp' | 'ttlMs' | 'isFinal'> {
  readonly madeAt: number;
}
