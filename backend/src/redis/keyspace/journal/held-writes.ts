import { Chain, type Place } from './chain.js';
import {
  classOf,
  stampOfRecord,
  targetOf,
  weightOf,
  type JournaledWrite,
  type JournalRecord,
} from './disk/journal-log.js';
import { deleteBehind } from './ended-writes.js';
import { GroupWrites } from './group-writes.js';
import { compareStamps, type Stamp } from '../store/stamp.js';

/** A record, and where it stands. */
export interface HeldWrite {
  readonly record: JournalRecord;
  readonly target: string;
  readonly weight: number;
  /** When Redis acknowledged it, by `clock.now()`; `null` while it is pending. */
  readonly at: number | null;
  /** What never gives way while it is pending: itself, but of a value only the delete that it stands in place of. */
  readonly fixed: JournalRecord | null;
  /** Redis was found not to have it any more. */
  isGone: boolean;
  /** Resolves when the log has the record. */
  logged: Promise<void>;
  readonly places: readonly Place<HeldWrite>[];
}

/** A write of this process. */
export interface OwnWrite {
  readonly write: JournaledWrite['write'];
  readonly isPending: boolean;
  /** When Redis acknowledged it, by `clock.now()`; `null` while it is pending. */
  readonly at: number | null;
  /** Redis was found not to have it any more. */
  readonly isGone: boolean;
}

/** What is missing for a record. */
interface Need {
  entries: number;
  bytes: number;
}

/** How much may be held. */
interface HeldWritesOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

const LOGGED = Promise.resolve();

/** The newest record of each target, by key, by group and in order. It decides nothing but who gives way. */
export class HeldWrites {
  /** What is held by key group. */
  readonly groups = new GroupWrites<HeldWrite>();
  readonly #bounds: HeldWritesOptions;
  readonly #byTarget = new Map<string, HeldWrite>();
  /** Pending, by stamp. */
  readonly #order = new Chain<HeldWrite>();
  /** Who gives way, oldest first: values that Redis has, values, and what else Redis has. */
  readonly #knownValues = new Chain<HeldWrite>();
  readonly #values = new Chain<HeldWrite>();
  readonly #known = new Chain<HeldWrite>();
  /** Values that wait in place of a delete: they give way for their bytes. The delete keeps the entry. */
  readonly #overDeletes = new Chain<HeldWrite>();
  #bytes = 0;
  #pendingBytes = 0;
  #pending = 0;
  #fixed = 0;
  #fixedBytes = 0;
  #refusedWeight: number | null = null;

  constructor(bounds: HeldWritesOptions) {
    this.#bounds = bounds;
  }

  /** How many records are held. */
  get size(): number {
    return this.#byTarget.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of them are pending. */
  get pending(): number {
    return this.#pending;
  }

  /** About how many bytes those take. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** How old what is pending with the earliest stamp is at this calendar time; `null` while nothing is. */
  oldestMs(now: number): number | null {
    const { first } = this.#order;
    return first === null ? null : Math.max(0, now - first.record.madeAt);
  }

  /** The latest stamp that is pending. */
  get latestStamp(): Stamp | null {
    const { last } = this.#order;
    return last === null ? null : stampOfRecord(last.record);
  }

  /** What is pending, by stamp. */
  get inOrder(): Iterable<HeldWrite> {
    return this.#order;
  }

  /** What Redis has acknowledged. */
  get acknowledged(): HeldWrite[] {
    return [...this.#knownValues, ...this.#known];
  }

  /** The record of a target. */
  of(target: string): HeldWrite | undefined {
    return this.#byTarget.get(target);
  }

  /** The write of a key, unless it was acknowledged before a moment. */
  writeOf(key: string, since: number): OwnWrite | null {
    const held = this.of(`w${key}`);
    if (held?.record.kind !== 'write' || (held.at ?? since) < since) return null;
    const { at, isGone } = held;
    return { write: held.record.write, isPending: at === null, at, isGone };
  }

  /** Notes that Redis has nothing under a key of which it had acknowledged the write before it was asked. */
  noteGone(key: string, askedAt: number): void {
    const held = this.of(`w${key}`);
    if (held !== undefined && (held.at ?? askedAt) < askedAt) held.isGone = true;
  }

  /** Adds a record. Its target must be free. */
  add(record: JournalRecord, at: number | null): HeldWrite {
    const places: Place<HeldWrite>[] = [];
    const weight = weightOf(record);
    const fixed = classOf(record) === 'value' ? deleteBehind(record) : record;
    const target = targetOf(record);
    const held = { record, target, weight, at, fixed, isGone: false, logged: LOGGED, places };
    this.#byTarget.set(held.target, held);
    this.#count(held, 1);
    if (at === null) places.push(this.#order.add(held, (other) => isLater(other, held)));
    const chain = this.#chainOf(held);
    if (chain !== null) places.push(chain.add(held));
    this.groups.add(held);
    return held;
  }

  /** Adds many that are pending at once: the order is made anew instead of searched for each. */
  addPending(records: readonly JournalRecord[]): HeldWrite[] {
    const before = [...this.#order];
    for (const held of before) this.remove(held);
    const added = new Set(records);
    const all = [...before.map(({ record }) => record), ...records];
    const logged = new Map(before.map((held) => [held.record, held.logged]));
    return all.toSorted(byStamp).flatMap((record) => {
      const held = this.add(record, null);
      held.logged = logged.get(record) ?? LOGGED;
      return added.has(record) ? [held] : [];
    });
  }

  /** Removes a record. */
  remove(held: HeldWrite): void {
    if (this.#byTarget.get(held.target) !== held) return;
    this.#byTarget.delete(held.target);
    this.#count(held, -1);
    for (const place of held.places) place.leave();
    this.groups.remove(held);
  }

  /**
   * Returns who must leave so that a pending record finds room; `null` when nobody may, or it would not fit
   * anyway: then nobody leaves for it.
   */
  roomFor(record: JournalRecord, present: HeldWrite | undefined): HeldWrite[] | null {
    const chains = [this.#knownValues, this.#values, this.#overDeletes];
    // A value never takes the place of what must not be lost.
    if (classOf(record) !== 'value') chains.push(this.#known);
    return this.#leaving(weightOf(record), present, chains);
  }

  /** The same for a record that Redis has: a value that it has gives way to values that wait. */
  roomToRemember(record: JournalRecord): HeldWrite[] | null {
    const chains = [this.#knownValues];
    if (classOf(record) !== 'value') chains.push(this.#values, this.#overDeletes, this.#known);
    return this.#leaving(weightOf(record), undefined, chains);
  }

  /** Notes a pending record for which there was no room. */
  noteRefused(record: JournalRecord): void {
    if (classOf(record) !== 'value') this.#refusedWeight = weightOf(record);
  }

  /** Whether the latest that was refused, and was no value, would still find no room, because of others. */
  get isFull(): boolean {
    const { maxEntries, maxBytes } = this.#bounds;
    const weight = this.#refusedWeight;
    if (weight === null || weight > maxBytes) return false;
    return this.#fixed >= maxEntries || this.#fixedBytes + weight > maxBytes;
  }

  /** Forgets what Redis acknowledged before a moment. */
  forgetBefore(moment: number): void {
    for (const chain of [this.#knownValues, this.#known]) {
      for (const held of chain) {
        if ((held.at ?? moment) >= moment) break;
        this.remove(held);
      }
    }
  }

  // What a value that Redis has stands in place of, Redis has as well: both give way together, as a delete does.
  #chainOf({ record, at, fixed }: HeldWrite): Chain<HeldWrite> | null {
    if (at !== null) return fixed === null ? this.#knownValues : this.#known;
    if (fixed === null) return this.#values;
    return fixed === record ? null : this.#overDeletes;
  }

  #count(held: HeldWrite, by: 1 | -1): void {
    const { weight, at, fixed } = held;
    this.#bytes += by * weight;
    if (at !== null) return;
    this.#pending += by;
    this.#pendingBytes += by * weight;
    if (fixed === null) return;
    this.#fixed += by;
    this.#fixedBytes += by * weightOfFixed(held);
  }

  #leaving(
    weight: number,
    present: HeldWrite | undefined,
    chains: readonly Chain<HeldWrite>[],
  ): HeldWrite[] | null {
    const { maxEntries, maxBytes } = this.#bounds;
    if (weight > maxBytes) return null;
    const need: Need = {
      entries: this.#byTarget.size + (present === undefined ? 1 : 0) - maxEntries,
      bytes: this.#bytes + weight - (present?.weight ?? 0) - maxBytes,
    };
    const leaving = chains.flatMap((chain) => this.#leavingFrom(chain, need, present));
    return need.entries <= 0 && need.bytes <= 0 ? leaving : null;
  }

  #leavingFrom(chain: Chain<HeldWrite>, need: Need, except: HeldWrite | undefined): HeldWrite[] {
    const keepsEntry = chain === this.#overDeletes;
    const leaving: HeldWrite[] = [];
    for (const held of chain) {
      if (need.bytes <= 0 && (keepsEntry || need.entries <= 0)) break;
      if (held === except) continue;
      leaving.push(held);
      if (!keepsEntry) need.entries--;
      need.bytes -= held.weight - (keepsEntry ? weightOfFixed(held) : 0);
    }
    return leaving;
  }
}

function weightOfFixed({ record, weight, fixed }: HeldWrite): number {
  if (fixed === null) return 0;
  return fixed === record ? weight : weightOf(fixed);
}

function isLater(a: HeldWrite, b: HeldWrite): boolean {
  return byStamp(a.record, b.record) > 0;
}

function byStamp(a: JournalRecord, b: JournalRecord): number {
  return compareStamps(stampOfRecord(a), stampOfRecord(b));
}
