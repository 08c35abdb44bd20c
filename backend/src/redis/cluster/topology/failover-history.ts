import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { EventBus, FailoverReason, FailoverRecord } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { SentinelMessage } from './sources/sentinel-message.js';

const MAX_RECORDS = 100;
const DAY_MS = 24 * 60 * 60 * 1000;
// Moments older than this belong to an earlier failover that was not completed.
const STALE_MS = 60_000;

type Moment = 'suspectedAt' | 'sdownAt' | 'odownAt' | 'electedAt' | 'promotedAt';

const MOMENT_OF_STEP: Readonly<Record<string, Moment>> = {
  '+sdown': 'sdownAt',
  '+odown': 'odownAt',
  '+elected-leader': 'electedAt',
  '+promoted-slave': 'promotedAt',
};

const ENDED_BY_STEP: Readonly<Record<string, Moment>> = {
  '-sdown': 'sdownAt',
  '-odown': 'odownAt',
};

/** What a health report says about past failovers. */
export interface FailoverSummary {
  /** Since this process started. */
  readonly count: number;
  readonly countInLast24h: number;
  readonly last: FailoverRecord | null;
}

/** Records each failover with the moment of every step, from what the Sentinels publish. */
export class FailoverHistory {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #records: FailoverRecord[] = [];
  #moments: Partial<Record<Moment, number | undefined>> = {};
  #count = 0;
  #isSwitchover = false;
  #wasAway = false;
  #awaitsFirstWrite = false;

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** Notes that the primary is suspected: it was `away`, or it was `fenced` although it still answered. */
  noteSuspicion(kind: 'away' | 'fenced'): void {
    this.#wasAway ||= kind === 'away';
    this.#note('suspectedAt');
  }

  /** Notes that the primary takes writes again: the moments noted so far belong to no failover. */
  noteRecovery(): void {
    this.#moments = {};
    this.#wasAway = false;
  }

  /** Sets whether the next switch is one that this process asked for. */
  expectSwitchover(isExpected: boolean): void {
    this.#isSwitchover = isExpected;
  }

  /** Notes the moment of a message of a Sentinel. */
  noteMessage(message: SentinelMessage, primary: NodeAddress | null): void {
    if (message.kind !== 'primary' && message.kind !== 'member') return;
    // `+sdown` is also published for replicas and Sentinels.
    const isAboutPrimary =
      message.kind === 'primary' && primary !== null && sameAddress(message.node, primary);
    const begun = MOMENT_OF_STEP[message.step];
    const ended = ENDED_BY_STEP[message.step];
    if (begun === 'promotedAt') this.#notePromotion(message.node);
    else if (begun !== undefined && isAboutPrimary) this.#note(begun);
    if (ended !== undefined && isAboutPrimary) this.#moments[ended] = undefined;
  }

  /** Records that the primary moved. */
  noteSwitch(from: NodeAddress | null, to: NodeAddress, epoch: number): void {
    const moments = this.#freshMoments();
    const record: FailoverRecord = {
      from,
      to,
      epoch,
      reason: this.#reasonFor(moments),
      suspectedAt: moments.suspectedAt ?? null,
      sdownAt: moments.sdownAt ?? null,
      odownAt: moments.odownAt ?? null,
      electedAt: moments.electedAt ?? null,
      promotedAt: moments.promotedAt ?? null,
      switchedAt: this.#clock.wallTime(),
      firstWriteAt: null,
    };
    this.#moments = {};
    this.#isSwitchover = false;
    this.#wasAway = false;
    this.#count++;
    this.#records.push(record);
    if (this.#records.length > MAX_RECORDS) this.#records.shift();
    this.#awaitsFirstWrite = true;
    this.#bus.emit({ type: 'failover.completed', failover: record });
  }

  /** Notes that the primary answered a write. Cheap enough to be called for each. */
  noteWrite(): void {
    if (!this.#awaitsFirstWrite) return;
    this.#awaitsFirstWrite = false;
    const last = this.#records.pop();
    if (last === undefined) return;
    const failover: FailoverRecord = { ...last, firstWriteAt: this.#clock.wallTime() };
    this.#records.push(failover);
    this.#bus.emit({ type: 'failover.first-write', failover });
  }

  /** Whether the primary has moved and the new one has not answered a write yet. */
  get isFirstWriteAwaited(): boolean {
    return this.#awaitsFirstWrite;
  }

  /** Up to a hundred failovers, oldest first. */
  get records(): readonly FailoverRecord[] {
    return [...this.#records];
  }

  /** The number of failovers and the last one. */
  get summary(): FailoverSummary {
    const since = this.#clock.wallTime() - DAY_MS;
    return {
      count: this.#count,
      countInLast24h: this.#records.filter(({ switchedAt }) => switchedAt >= since).length,
      last: this.#records.at(-1) ?? null,
    };
  }

  // Each Sentinel has a connection of its own: one may name the new primary before another reports its promotion.
  #notePromotion(promoted: NodeAddress | null): void {
    const last = this.#records.at(-1);
    const isLate = promoted !== null && last?.promotedAt === null && sameAddress(last.to, promoted);
    if (!isLate) {
      this.#note('promotedAt');
      return;
    }
    // It was promoted before it was named, whenever this process heard of it.
    this.#records[this.#records.length - 1] = { ...last, promotedAt: last.switchedAt };
  }

  #note(moment: Moment): void {
    this.#moments[moment] ??= this.#clock.wallTime();
  }

  #freshMoments(): Partial<Record<Moment, number>> {
    const oldest = this.#clock.wallTime() - STALE_MS;
    const fresh = Object.entries(this.#moments).filter(
      ([, at]) => at !== undefined && at >= oldest,
    );
    return Object.fromEntries(fresh);
  }

  #reasonFor(moments: Partial<Record<Moment, number>>): FailoverReason {
    if (this.#isSwitchover) return 'switchover';
    const wasDown = moments.sdownAt !== undefined || moments.odownAt !== undefined;
    return wasDown || this.#wasAway ? 'failure' : 'planned';
  }
}
