import type { Problem } from '../errors/index.js';
import type { Stop } from '../timing/index.js';
import { callContained } from './call-contained.js';
import type { RedisHaEvent, RedisHaEventOf, RedisHaEventType } from './redis-events.js';

// An async function may be given as well.
type Listener = (event: RedisHaEvent) => unknown;

/** Passes events from the code that reports them to the listeners. Costs nothing without listeners. */
export class EventBus {
  readonly #listeners = new Map<RedisHaEventType | '*', Set<Listener>>();
  readonly #doubted = new Set<string>();

  /**
   * Calls the listener for each event of one type. If it throws, or returns a promise that rejects, that is
   * reported as `listener.failed`.
   */
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop {
    return this.#add(type, listener as Listener);
  }

  /** Calls the listener for each event of any type. */
  onAny(listener: (event: RedisHaEvent) => void): Stop {
    return this.#add('*', listener);
  }

  /** Calls the listeners of an event, in the order in which they were added. */
  emit(event: RedisHaEvent): void {
    this.#call(this.#listeners.get(event.type), event);
    this.#call(this.#listeners.get('*'), event);
  }

  /** Emits `settings.doubtful`, once for each field and value, however often it is met and by how many. */
  doubt(problem: Problem): void {
    const doubted = `${problem.field} ${String(problem.value)}`;
    if (this.#doubted.has(doubted)) return;
    this.#doubted.add(doubted);
    this.emit({ type: 'settings.doubtful', problem });
  }

  /** The number of listeners, for leak checks. */
  get listenerCount(): number {
    let total = 0;
    for (const set of this.#listeners.values()) total += set.size;
    return total;
  }

  #add(type: RedisHaEventType | '*', listener: Listener): Stop {
    let set = this.#listeners.get(type);
    if (set === undefined) this.#listeners.set(type, (set = new Set()));
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(type) === set) this.#listeners.delete(type);
    };
  }

  #call(listeners: Set<Listener> | undefined, event: RedisHaEvent): void {
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      callContained(
        () => listener(event),
        (error) => {
          this.#noteFailure(event, error);
        },
      );
    }
  }

  #noteFailure(event: RedisHaEvent, error: unknown): void {
    if (event.type === 'listener.failed') return;
    this.emit({ type: 'listener.failed', event: event.type, error });
  }
}
