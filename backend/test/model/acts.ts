import type { Actor } from './actor.js';
import { MODEL } from './model-settings.js';

/** What a reader could know. */
export interface Knowledge {
  readonly by: Actor;
  /** So many acts of the history were done when it asked. */
  readonly actsBefore: number;
  /** It could know what Redis had by this moment; `-Infinity` for nothing. */
  readonly knewAt: number;
  /** It has heard of all that was told since this moment; `Infinity` for nothing. */
  readonly heardSince: number;
  /** And of nothing that came later than this one. */
  readonly heardUntil: number;
}

/** When an act began, and when it was acknowledged. */
interface ActTimes {
  /** How many there were before. */
  readonly no: number;
  readonly now: number;
  /** When Redis told others of it at the earliest: those that hear since before have heard of it, or of what came between. */
  readonly toldAt: number;
}

/** What a process was told is done. */
interface Done {
  /** What it is about, as journals name it. */
  readonly target: string;
  /** In Redis. */
  readonly isStored: boolean;
}

/** Something that a process was told is done: a write, a delete or an end. */
export class Act {
  /** Who has done it, and still has to hand it in if Redis does not have it. */
  #by: Actor;
  readonly #no: number;
  readonly #doneAt: number;
  /** What it is about, as journals name it. */
  readonly #target: string;
  readonly #toldAt: number;
  /** When Redis may have got it. */
  #sentAt: number | null;
  /** When Redis surely had it. */
  #deliveredAt: number | null;
  #isLost = false;

  constructor(by: Actor, { target, isStored }: Done, { no, toldAt, now }: ActTimes) {
    this.#by = by;
    this.#target = target;
    this.#no = no;
    this.#doneAt = now;
    this.#toldAt = toldAt;
    this.#sentAt = isStored ? now : null;
    this.#deliveredAt = isStored ? now : null;
  }

  /** It was lost as such things may be lost, and nobody promises more. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Since when Redis surely has it; `null` while that is not sure. */
  get deliveredAt(): number | null {
    return this.#isLost ? null : this.#deliveredAt;
  }

  /** How long Redis did not have it after it was acknowledged, at a time. */
  delayMs(now: number): number {
    return (this.#deliveredAt ?? now) - this.#doneAt;
  }

  /** Whether it is promised. */
  get isPromised(): boolean {
    return !this.#isLost;
  }

  /** Whether a reader has done it itself, before it asked. */
  isOf({ by, actsBefore }: Pick<Knowledge, 'by' | 'actsBefore'>): boolean {
    return !this.#isLost && by === this.#by && this.#no < actsBefore;
  }

  /** Whether another process has done it, and may still have to hand it in. */
  waitsElsewhere(process: Actor): boolean {
    return this.#by !== process && !this.#isLost && this.#deliveredAt === null;
  }

  /** Whether a reader could know of it from others. */
  isKnownTo({ knewAt, heardSince, heardUntil }: Knowledge): boolean {
    const { deliveredAt } = this;
    if (deliveredAt === null) return false;
    return deliveredAt < knewAt || (this.#toldAt > heardSince && deliveredAt < heardUntil);
  }

  /** Looks whether it may have reached Redis. */
  look(now: number): void {
    if (this.#isLost || this.#deliveredAt !== null) return;
    if (this.#by.isSending) this.#sentAt ??= now;
    if (this.#by.pending === 0) this.#deliveredAt ??= now;
  }

  /**
   * A process has crashed. What still waits in its journal is handed in by the heir, who knows it from then on. What
   * does not wait there any more Redis has, and the heir knows no more of it than others do.
   *
   * @param left - what waits in the journal
   * @param heir - who has the journal now; `null` when it is lost
   */
  crash(by: Actor, left: ReadonlySet<string>, heir: Actor | null, now: number): void {
    if (this.#by !== by || this.#isLost || this.#deliveredAt !== null) return;
    if (!left.has(this.#target)) this.#deliveredAt = now;
    else if (heir === null) this.#isLost = true;
    else this.#by = heir;
  }

  /**
   * Redis goes on with what it had at a moment; `null` for nothing at all. What was acknowledged shortly before is
   * written once more by a process that hears of it.
   */
  failOver(replicatedAt: number | null, now: number, isRemembered: boolean): void {
    if (this.#isLost || this.#sentAt === null) return;
    const delivered = this.#deliveredAt ?? this.#doneAt;
    // Redis has not lost it.
    if (this.#deliveredAt !== null && replicatedAt !== null && delivered < replicatedAt) return;
    // It is remembered from when Redis has taken it, which may be long before that is sure.
    const isRecent = now - this.#sentAt < 0.8 * MODEL.reapplyMs;
    this.#isLost = !this.#by.isLinked || !isRemembered || !isRecent;
    this.#sentAt = now;
    this.#deliveredAt = null;
  }
}
