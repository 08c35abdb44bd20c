import type { EntryDraft, Reading, WriteReceipt } from '../../src/redis/keyspace/index.js';
import { targetOf, type Subject } from '../../src/redis/keyspace/journal/disk/journal-log.js';
import type { Actor } from './actor.js';
import { Act, type Knowledge } from './acts.js';

/** What the acts of one history have in common. */
interface SceneSettings {
  /** Milliseconds of a clock that all processes share. */
  readonly now: () => number;
  /** The calendar of Redis. */
  readonly redisTime: () => number;
  /** By how much the calendar of each process is wrong. */
  readonly offsetsMs: readonly number[];
  /** Whether a journal has room for all that must not be lost. */
  readonly hasRoom: boolean;
  /** How far behind an answer may be; `Infinity` when nobody can say. */
  readonly lagMs: number;
}

/** What all acts of one history have happened in, and what is wrong with it. */
export class Scene {
  readonly settings: SceneSettings;
  readonly acts: Act[] = [];
  /** How often Redis has lost something. */
  losses = 0;
  #fault: string | null = null;

  constructor(settings: SceneSettings) {
    this.settings = settings;
  }

  /** The first promise that was broken; `null` for none. */
  get fault(): string | null {
    return this.#fault;
  }

  get now(): number {
    return this.settings.now();
  }

  /** What happened so much earlier did so for everybody, whatever the calendars say. */
  get sureMs(): number {
    return 2 * Math.max(...this.settings.offsetsMs.map(Math.abs)) + 30;
  }

  /** Whether calendars are nearly right, as they are when Redis tells the time. */
  get hasCalendar(): boolean {
    return this.sureMs < 1_000;
  }

  blame(fault: string | null): void {
    this.#fault ??= fault;
  }

  /**
   * Notes what a process was told is done.
   *
   * @param subject - what it is about
   */
  note(by: Actor, { outcome }: WriteReceipt, subject: Subject, startedAt: number): Act {
    const isStored = outcome === 'stored';
    // What is handed in later may lose against what the calendar of another process had made later before.
    const toldAt = isStored ? startedAt : startedAt - this.sureMs;
    const times = { no: this.acts.length, now: this.now, toldAt };
    const act = new Act(by, { target: targetOf(subject), isStored }, times);
    this.acts.push(act);
    return act;
  }

  /** What a process knows of what it has done itself. */
  newKnowledge(by: Actor, actsBefore = this.acts.length): Knowledge {
    return { by, actsBefore, knewAt: -Infinity, heardSince: Infinity, heardUntil: Infinity };
  }

  /** Since when a process remembers what it hears: a notice of a calendar that is far ahead is not remembered. */
  heardSince(process: Actor): number {
    return this.hasCalendar ? process.heardSince : Infinity;
  }

  /**
   * Runs a read. Tells with its answer what the process could know: what it had done itself before it asked, and
   * what Redis had by a moment; `-Infinity` when it could not ask all the time.
   */
  async asking<T>(
    process: Actor,
    read: () => Promise<T>,
  ): Promise<{ readonly answer: T; readonly knowledge: Knowledge }> {
    const startedAt = this.now;
    const before = this.newKnowledge(process);
    const lossesBefore = this.losses;
    const canAsk = (): boolean => process.isCurrent && this.losses === lossesBefore;
    const couldAsk = canAsk();
    const answer = await read();
    if (!couldAsk || !canAsk()) return { answer, knowledge: before };
    const knewAt = startedAt - this.settings.lagMs;
    return { answer, knowledge: { ...before, knewAt, heardUntil: startedAt } };
  }
}

/** What a reading holds; `null` when it has found nothing. */
export function bodyOf(reading: Reading | null): string | null {
  return reading?.state === 'found' ? reading.entry.body.toString() : null;
}

/** A value to write. */
export function draftOf(
  body: string,
  groups: readonly string[] = [],
  freshMs: number | null = null,
): EntryDraft {
  return {
    kind: 'value',
    codec: 0,
    isCompressed: false,
    body: Buffer.from(body),
    freshMs,
    staleMs: 0,
    groups,
  };
}

export function pick<T>(list: readonly T[], at: number): T {
  return list[Math.floor(at * list.length)]!;
}

/** What one step does with a process. The numbers, from 0 up to 1, choose what exactly. */
export type Op<P extends Actor = Actor> = (
  process: P,
  b: number,
  c: number,
) => Promise<void> | void;
