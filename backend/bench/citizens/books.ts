import { now } from '../common/clock.js';
import { codeOf } from '../common/ledger.js';

/** What became of everything that one consumer was asked for. */
export interface Row {
  /** What was asked for, such as `jobs`. */
  readonly what: string;
  readonly asked: number;
  /** Calls that failed, or were not answered in time. */
  readonly refused: number;
  /** Accepted, and it never happened: a job that never ran, a message that never came, a hit that is not counted. */
  readonly lost: number;
  /** It happened more than once. */
  readonly twice: number;
  /** The longest time in which nothing happened, from the start of the load on. */
  readonly gapMs: number;
  /** With what calls failed, and how often; of jobs also why they were lost. */
  readonly reasons: Readonly<Record<string, number>>;
}

type Outcome = 'accepted' | 'refused';

/** Keeps the books of one kind of thing that a consumer is asked for. */
export class Books {
  private readonly outcomes = new Map<number, Outcome>();
  private readonly done = new Map<number, number>();
  private readonly reasons: Record<string, number> = {};
  private readonly watchers = new Set<() => void>();
  private asked = 0;
  private startedAt = 0;
  private lastAt = 0;
  private gapMs = 0;

  constructor(readonly what: string) {}

  /** The load begins: from here on gaps are measured. */
  start(): void {
    this.startedAt = now();
    this.lastAt = this.startedAt;
  }

  /** The load ends; what has not happened by then is waited for by {@link settled}. */
  stop(): void {
    this.noteGap();
  }

  /** How many things have happened. */
  get happened(): number {
    return this.done.size;
  }

  /** Notes what becomes of a call; `isDone` when its answer says that it has happened. */
  ask(number: number, call: Promise<unknown>, { isDone }: { readonly isDone: boolean }): void {
    this.asked += 1;
    call.then(
      () => {
        this.outcomes.set(number, 'accepted');
        if (isDone) this.happen(number);
        else this.tell();
      },
      (error: unknown) => {
        const reason = codeOf(error);
        this.reasons[reason] = (this.reasons[reason] ?? 0) + 1;
        this.outcomes.set(number, 'refused');
        this.tell();
      },
    );
  }

  /** It has happened: the job ran, the message came, the call was answered. */
  happen(number: number): void {
    this.done.set(number, (this.done.get(number) ?? 0) + 1);
    this.noteGap();
    this.tell();
  }

  /** Resolves when so many more things have happened. */
  async untilMore(count: number): Promise<void> {
    const goal = this.happened + count;
    await this.until(() => this.happened >= goal);
  }

  /** Resolves when every call has an outcome. */
  answered(): Promise<void> {
    return this.until(() => this.unanswered === 0);
  }

  /** Resolves when every call has an outcome and all that was accepted has happened. */
  settled(): Promise<void> {
    return this.until(() => this.unanswered === 0 && this.missing === 0);
  }

  /** What is known now. */
  row(): Row {
    const times = [...this.done.values()];
    return {
      what: this.what,
      asked: this.asked,
      refused: this.asked - this.accepted,
      lost: this.missing,
      twice: times.filter((count) => count > 1).length,
      gapMs: this.gapMs,
      reasons: this.unanswered === 0 ? this.reasons : { ...this.reasons, open: this.unanswered },
    };
  }

  /**
   * The same where only a counter in Redis tells what happened.
   *
   * @param counted - what the counter says
   */
  counted(counted: number): Row {
    return {
      ...this.row(),
      lost: Math.max(0, this.accepted - counted),
      // A call that failed may have been counted.
      twice: Math.max(0, counted - this.asked),
    };
  }

  /** What was accepted and has not happened. */
  get lost(): readonly number[] {
    return [...this.outcomes.keys()].filter(
      (number) => this.outcomes.get(number) === 'accepted' && !this.done.has(number),
    );
  }

  private get accepted(): number {
    return [...this.outcomes.values()].filter((outcome) => outcome === 'accepted').length;
  }

  private get unanswered(): number {
    return this.asked - this.outcomes.size;
  }

  private get missing(): number {
    return this.lost.length;
  }

  private noteGap(): void {
    const at = now();
    this.gapMs = Math.max(this.gapMs, at - this.lastAt);
    this.lastAt = at;
  }

  private tell(): void {
    for (const look of [...this.watchers]) look();
  }

  private until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        this.watchers.delete(look);
        resolve();
      };
      this.watchers.add(look);
      look();
    });
  }
}
