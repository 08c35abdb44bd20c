import type { Stop } from '../timing/index.js';
import type { RedisHaEvent, RedisHaEventOf, RedisHaEventType } from './redis-events.js';

type Listener = (event: RedisHaEvent) => void;

/** Passes events from the code that reports them to the listeners. Costs nothing without listeners. */
export class EventBus {
  readonly #listeners = new Map<RedisHaEventType | '*', Set<Listener>>();

  /** Calls the listener for each event of one type. If it throws, that is reported as `listener.failed`. */
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop {
    return this.#add(type, listener as Listener);
  }

  /** Calls the listener for each event of any type. */
  onAny(listener: Listener): Stop {
    return this.#add('*', listener);
  }

  /** Calls the listeners of an event, in the order in which they were added. */
  emit(event: RedisHaEvent): void {
    this.#call(this.#listeners.get(event.type), event);
    this.#call(this.#listeners.get('*'), event);
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
      try {
        listener(event);
      } catch (error) {
        if (event.type !== 'listener.failed') {
          this.emit({ type: 'listener.failed', event: event.type, error });
        }
      }
    }
  }
}
