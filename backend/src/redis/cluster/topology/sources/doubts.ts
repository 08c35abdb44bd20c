import type { Problem } from '../../../base/errors/index.js';
import type { EventBus } from '../../../base/events/index.js';

/** Reports each doubtful setting once, however often it is met. */
export class Doubts {
  readonly #bus: EventBus;
  readonly #raised = new Set<string>();

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  /** Emits `settings.doubtful`, unless the same field with the same value was reported before. */
  raise(problem: Problem): void {
    const key = `${problem.field} ${String(problem.value)}`;
    if (this.#raised.has(key)) return;
    this.#raised.add(key);
    this.#bus.emit({ type: 'settings.doubtful', problem });
  }
}
