import type { SubscriptionKind } from '../../cluster/connection/index.js';
import { InvalidArgumentError } from '../../base/errors/index.js';
import {
  aFunction,
  deadline,
  option,
  OptionSet,
  showSafely,
  type RowsOf,
} from '../../base/options/index.js';

/** Called with each message and the channel it was published to. */
export type MessageListener = (message: string, channel: string) => unknown;

/** Called with each message and the channel it was published to, byte for byte. */
export type BufferListener = (message: Buffer, channel: Buffer) => unknown;

/** Options of a subscription. */
export interface SubscribeOptions {
  /**
   * Called when messages may have been missed, because Redis keeps none while the connection is lost.
   * `gapMs` is how long the subscription was interrupted.
   */
  readonly onGap?: (gapMs: number) => unknown;
  /** Called when the connection is lost; `onGap` follows when the subscription is back. */
  readonly onLost?: () => unknown;
  /** How long to wait for the first confirmation. @defaultValue the write timeout */
  readonly timeoutMs?: number;
}

/** What a subscription of the library itself asks for besides. */
export interface KeptSubscribeOptions extends SubscribeOptions {
  readonly timeoutMs: number;
  /** Called when it is heard, for the first time and each time after a loss, in the order of these events. */
  readonly onHearing?: () => unknown;
  /** Called each time that Redis refuses what it has confirmed before. It is asked again. */
  readonly onRefused?: (error: Error) => unknown;
}

/** How often a connection is asked whether it lives, and for how long it may be silent. */
export interface HeartbeatOptions {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
}

/** The options of a subscription. */
export const SUBSCRIBE_OPTIONS = new OptionSet(
  {
    onGap: option(aFunction<NonNullable<SubscribeOptions['onGap']>>(), null),
    onLost: option(aFunction<NonNullable<SubscribeOptions['onLost']>>(), null),
    timeoutMs: option(deadline, null),
  } satisfies RowsOf<SubscribeOptions>,
  { path: '', example: '{ onGap: () => … }' },
);

/** What a subscription is: it goes on until it is ended. */
export interface Subscription {
  /** Ends it. Other subscriptions to the same channel go on. */
  unsubscribe(): Promise<void>;
}

/** The kinds of subscriptions, in the order in which they are made again. */
export const SUBSCRIPTION_KINDS = [
  'subscribe',
  'psubscribe',
  'ssubscribe',
] as const satisfies readonly SubscriptionKind[];

/** One listener and what it listens to. */
export interface SubscriptionEntry {
  readonly kind: SubscriptionKind;
  readonly channels: readonly string[];
  readonly listener: BufferListener;
  readonly onHearing: (() => unknown) | null;
  readonly onGap: ((gapMs: number) => unknown) | null;
  readonly onLost: (() => unknown) | null;
  readonly onRefused: ((error: Error) => unknown) | null;
}

/** Returns a listener that gets text. Throws if it is no function. */
export function asText(listener: MessageListener): BufferListener {
  checkListener(listener);
  return (message, channel) => listener(message.toString(), channel.toString());
}

/** Throws if a listener is no function. */
export function checkListener(listener: unknown): void {
  if (typeof listener === 'function') return;
  throw new InvalidArgumentError({
    field: 'listener',
    value: showSafely(listener),
    message: 'must be a function, and several channels are given as a list',
    remedy: "For example: redis.subscribe(['news', 'prices'], (message, channel) => …)",
  });
}

/** Returns the channels as a list. Throws if there is none, or an empty one. */
export function channelList(channels: string | readonly string[]): readonly string[] {
  const list: unknown = typeof channels === 'string' ? [channels] : channels;
  if (isListOfNames(list)) return [...list];
  throw new InvalidArgumentError({
    field: 'channels',
    value: Array.isArray(channels) ? channels.map(showSafely) : showSafely(channels),
    message: 'must be a name or a list of names, at least one, and none may be empty',
    remedy: "For example: redis.subscribe('news', (message) => …)",
  });
}

function isListOfNames(list: unknown): list is readonly string[] {
  return (
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((name) => typeof name === 'string' && name !== '')
  );
}

/** Returns the name under which a channel or pattern is known, such as `psubscribe n*`. */
export function subscriptionKey(kind: SubscriptionKind, channel: string): string {
  return `${kind} ${channel}`;
}

/** The same for all that a subscription listens to. */
export function subscriptionKeys({
  kind,
  channels,
}: Pick<SubscriptionEntry, 'kind' | 'channels'>): readonly string[] {
  return channels.map((channel) => subscriptionKey(kind, channel));
}
