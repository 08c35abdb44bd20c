import type { Clock } from '../timing/index.js';
import { OpenTasks } from './open-tasks.js';

/** Work under way for a key. */
export interface Flight<A> {
  readonly answer: Promise<A>;
  /** When it started, by `clock.now()`. */
  readonly startedAt: number;
}

/** Lets all callers that want the same key at the same time share one piece of work. */
export class SingleFlight<A> {
  readonly #flights = new Map<string, Flight<A>>();
  readonly #clock: Clock;
  readonly #tasks: OpenTasks;

  /** @param tasks - hears of all that is begun, for those who wait for its end */
  constructor(clock: Clock, tasks = new OpenTasks()) {
    this.#clock = clock;
    this.#tasks = tasks;
  }

  /** How many pieces of work can be joined now. */
  get size(): number {
    return this.#flights.size;
  }

  /** Returns the work under way for a key. */
  get(key: string): Flight<A> | undefined {
    return this.#flights.get(key);
  }

  /** Starts work that others can join until it ends. */
  start(key: string, work: () => Promise<A>): Flight<A> {
    const flight = { startedAt: this.#clock.now(), answer: work() };
    this.#flights.set(key, flight);
    this.#tasks.add(flight.answer, () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    return flight;
  }

  /** Nobody joins the current work any more: it began before the key was changed. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  /** The same for all keys. */
  forgetAll(): void {
    this.#flights.clear();
  }
}
