import type { SubscriptionKind } from '../../cluster/connection/index.js';
import { callContained, type EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import {
  type SubscriptionEntry as Entry,
  subscriptionKey as keyOf,
  subscriptionKeys as keysOf,
} from './subscription.js';

/** Who listens to what, and what each was told: that it hears, that it hears no more, and messages. */
export class Listeners {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #entries = new Set<Entry>();
  /** The same by what they listen to. */
  readonly #byChannel = new Map<string, Set<Entry>>();
  /** Those that were not told yet that they hear. */
  readonly #new = new Set<Entry>();
  /** Those that were told of the loss, and when: only they have missed something. */
  readonly #interrupted = new Map<Entry, number>();

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** The number of channels and patterns that are listened to. */
  get channels(): number {
    return this.#byChannel.size;
  }

  get areAny(): boolean {
    return this.#entries.size > 0;
  }

  /** What is listened to in one way, each once. */
  channelsOf(kind: SubscriptionKind): string[] {
    const channels = [...this.#entries].flatMap((one) => (one.kind === kind ? one.channels : []));
    return [...new Set(channels)];
  }

  /** Whether nobody was ever told that this is heard. */
  isNew(key: string): boolean {
    return [...(this.#byChannel.get(key) ?? [])].every((entry) => this.#new.has(entry));
  }

  add(entry: Entry): void {
    this.#entries.add(entry);
    this.#new.add(entry);
    for (const key of keysOf(entry)) {
      const others = this.#byChannel.get(key) ?? new Set<Entry>();
      this.#byChannel.set(key, others.add(entry));
    }
  }

  /** Removes one. Returns the channels that nobody listens to any more; `null` when it was removed before. */
  remove(entry: Entry): string[] | null {
    if (!this.#entries.delete(entry)) return null;
    this.#new.delete(entry);
    this.#interrupted.delete(entry);
    return entry.channels.filter((channel) => {
      const key = keyOf(entry.kind, channel);
      const others = this.#byChannel.get(key);
      others?.delete(entry);
      if (others === undefined || others.size > 0) return false;
      return this.#byChannel.delete(key);
    });
  }

  clear(): void {
    this.#entries.clear();
    this.#byChannel.clear();
  }

  /** Tells one that it hears. From now on it is told of losses. */
  tellHearing(entry: Entry): void {
    this.#new.delete(entry);
    this.#call('hearing', () => entry.onHearing?.());
  }

  /** Tells those that hear that they do no more. */
  tellLost(): void {
    const now = this.#clock.now();
    for (const entry of [...this.#entries]) {
      if (this.#new.has(entry) || this.#interrupted.has(entry)) continue;
      this.#interrupted.set(entry, now);
      this.#call('loss', () => entry.onLost?.());
    }
  }

  /** Tells those that were told of a loss that they hear again, where all that they listen to is heard. */
  tellHeardAgain(isHeard: (key: string) => boolean): void {
    for (const [entry, since] of [...this.#interrupted]) {
      if (!keysOf(entry).every(isHeard)) continue;
      this.#interrupted.delete(entry);
      this.#call('gap', () => entry.onGap?.(this.#clock.now() - since));
      this.tellHearing(entry);
    }
  }

  /** Tells those that listen to one of these why Redis refuses it. */
  tellRefused(keys: readonly string[], error: Error): void {
    for (const entry of keys.flatMap((key) => [...(this.#byChannel.get(key) ?? [])])) {
      this.#call('refusal', () => entry.onRefused?.(error));
    }
  }

  /** Delivers a message to those that listen to this. */
  deliver(key: string, message: Buffer, channel: Buffer): void {
    for (const { listener } of [...(this.#byChannel.get(key) ?? [])]) {
      this.#call('message', () => listener(message, channel));
    }
  }

  #call(event: string, run: () => unknown): void {
    callContained(run, (error) => {
      this.#bus.emit({ type: 'listener.failed', event, error });
    });
  }
}
