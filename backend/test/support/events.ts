import type {
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
  RedisService,
} from '../../src/redis/index.js';

/** What to wait for. */
export interface EventOptions<T extends RedisHaEventType> {
  /** Only events for which this is true count. */
  readonly where?: (event: RedisHaEventOf<T>) => boolean;
  /** @defaultValue 20000 */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;

/**
 * Resolves with the next event of that type. Call this before the action that causes it, and await it afterwards. It rejects
 * with all events that came instead.
 */
export function nextEvent<T extends RedisHaEventType>(
  redis: RedisService,
  type: T,
  { where, timeoutMs = TIMEOUT_MS }: EventOptions<T> = {},
): Promise<RedisHaEventOf<T>> {
  const heard = new EventLog(redis);
  const event = new Promise<RedisHaEventOf<T>>((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      stop();
      heard.stop();
    };
    const timer = setTimeout(() => {
      finish();
      reject(new Error(`No ${type} within ${String(timeoutMs)} ms, only:\n${heard.toText()}`));
    }, timeoutMs);
    const stop = redis.on(type, (event) => {
      if (where !== undefined && !where(event)) return;
      finish();
      resolve(event);
    });
  });
  // A test that fails before it awaits this must fail with its own error.
  event.catch(() => undefined);
  return event;
}

/** All events of the engine since its creation. */
export class EventLog {
  readonly #events: { readonly at: number; readonly event: RedisHaEvent }[] = [];
  readonly #stop: () => void;
  readonly #startedAt = performance.now();

  constructor(redis: RedisService) {
    this.#stop = redis.onAny((event) => {
      this.#events.push({ at: performance.now() - this.#startedAt, event });
    });
  }

  /** Events of one kind, in order. */
  of<T extends RedisHaEventType>(type: T): RedisHaEventOf<T>[] {
    return this.#events.flatMap(({ event }) =>
      event.type === type ? [event as RedisHaEventOf<T>] : [],
    );
  }

  /** For the message of a failed assertion. */
  toText(): string {
    return this.#events
      .filter(({ event }) => event.type !== 'failover.observed' || event.step !== '+slave')
      .map(({ at, event }) => `  ${at.toFixed(0)} ms ${JSON.stringify(event)}`)
      .slice(-60)
      .join('\n');
  }

  stop(): void {
    this.#stop();
  }
}
