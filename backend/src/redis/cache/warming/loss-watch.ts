import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { compareStamps, type Stamp } from '../../keyspace/index.js';
import type { LeadDesk } from './warm-up-lead.js';

/** What a {@link LossWatch} is given. */
interface LossWatchDeps {
  readonly desk: LeadDesk;
  readonly clock: Clock;
  readonly bus: EventBus;
  readonly lookEveryMs: number;
  /** Redis was away for so long that values have expired. */
  readonly longMs: number;
  readonly onCold: (cause: 'loss' | 'return') => void;
  /** Adds a task that closing waits for. */
  readonly addTask: (task: Promise<void>) => void;
}

/** So often is Redis asked after its primary has changed, until it answers. */
const HURRY_MS = 1_000;

/**
 * Notices that Redis has lost its data: the mark of the last warm-up is gone, or is an older one. It looks from time to
 * time, because nobody tells of a `FLUSHALL`, and at once when there is another primary. A primary that was restarted
 * counts as empty: what it has is skipped.
 */
export class LossWatch {
  readonly #deps: LossWatchDeps;
  readonly #stops: Stop[];
  #seen: Stamp | null = null;
  #awaySince: number | null = null;
  #stopHurry: Stop | null = null;
  #isLooking = false;

  constructor(deps: LossWatchDeps) {
    this.#deps = deps;
    const { bus, clock, lookEveryMs } = deps;
    this.#stops = [
      clock.every(lookEveryMs, () => {
        this.#look();
      }),
      bus.on('primary.reset', () => {
        deps.onCold('loss');
      }),
      bus.on('primary.switched', () => {
        this.#hurry();
      }),
      bus.on('mode.changed', ({ change }) => {
        this.#onMode(change.to);
      }),
    ];
  }

  /** There is a mark of this stamp. */
  note(stamp: Stamp): void {
    if (this.#seen === null || compareStamps(stamp, this.#seen) > 0) this.#seen = stamp;
  }

  /** Looks no more. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#stopHurry?.();
  }

  #onMode(mode: string): void {
    const { clock, longMs, onCold } = this.#deps;
    if (mode === 'degraded') this.#awaySince ??= clock.now();
    if (mode !== 'healthy') return;
    const isLong = this.#awaySince !== null && clock.now() - this.#awaySince >= longMs;
    this.#awaySince = null;
    if (isLong) onCold('return');
    else this.#hurry();
  }

  #hurry(): void {
    this.#stopHurry ??= this.#deps.clock.every(HURRY_MS, () => {
      this.#look();
    });
    this.#look();
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#deps.addTask(
      this.#compare().finally(() => {
        this.#isLooking = false;
      }),
    );
  }

  async #compare(): Promise<void> {
    const seen = this.#seen;
    const found = await this.#deps.desk.look();
    if (found === 'away') return;
    this.#stopHurry?.();
    this.#stopHurry = null;
    const isOlder = seen !== null && (found === null || compareStamps(found.stamp, seen) < 0);
    if (found !== null) this.note(found.stamp);
    if (!isOlder) return;
    // Until there is a mark again.
    this.#seen = found?.stamp ?? null;
    this.#deps.onCold('loss');
  }
}
