import { compareStamps } from '../store/stamp.js';
import type { JournaledDrop, JournaledWrite, JournalRecord } from './disk/journal-log.js';
import { isEndedBy, type EndableValue } from './ended-writes.js';

/** What is held, as far as groups are concerned. */
interface Holding {
  readonly record: JournalRecord;
}

/** What is held by key group: the writes that list their key under it, and its drops. */
export class GroupWrites<T extends Holding> {
  readonly #writes = new GroupSets<T>();
  readonly #drops = new GroupSets<T>();

  /** Adds what is held now. */
  add(held: T): void {
    const { record } = held;
    if (record.kind === 'drop') this.#drops.add(record.drop.group, held);
    else for (const group of record.write.groups) this.#writes.add(group, held);
  }

  /** Removes what is not held any more. */
  remove(held: T): void {
    const { record } = held;
    if (record.kind === 'drop') this.#drops.remove(record.drop.group, held);
    else for (const group of record.write.groups) this.#writes.remove(group, held);
  }

  /** The keys whose write lists them under a group. */
  membersOf(group: string): string[] {
    return [...this.#writes.of(group)].flatMap(({ record }) =>
      record.kind === 'write' ? [record.write.key] : [],
    );
  }

  /** The writes of a group that a drop ends. */
  endedBy(drop: JournaledDrop['drop']): { readonly held: T; readonly record: JournaledWrite }[] {
    return [...this.#writes.of(drop.group)].flatMap((held) => {
      const { record } = held;
      return record.kind === 'write' && isEndedBy(record.write, drop) ? [{ held, record }] : [];
    });
  }

  /** The newest drop that ends a value: of one of its groups, and later than its birth. */
  endOf(value: EndableValue): JournaledDrop['drop'] | null {
    let newest: JournaledDrop['drop'] | null = null;
    for (const group of value.groups) {
      for (const { record } of this.#drops.of(group)) {
        if (record.kind !== 'drop' || !isEndedBy(value, record.drop)) continue;
        if (newest === null || compareStamps(record.drop.stamp, newest.stamp) > 0)
          newest = record.drop;
      }
    }
    return newest;
  }
}

/** Sets by the name of a group. A set is kept no longer than its last member. */
class GroupSets<T> {
  readonly #sets = new Map<string, Set<T>>();

  of(group: string): Iterable<T> {
    return this.#sets.get(group) ?? [];
  }

  add(group: string, held: T): void {
    const set = this.#sets.get(group);
    if (set === undefined) this.#sets.set(group, new Set([held]));
    else set.add(held);
  }

  remove(group: string, held: T): void {
    const set = this.#sets.get(group);
    set?.delete(held);
    if (set?.size === 0) this.#sets.delete(group);
  }
}
