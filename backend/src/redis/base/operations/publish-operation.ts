import { channel, type TracingChannel } from 'node:diagnostics_channel';
import type { Operation } from './operation.js';

/** The channels of one kind of operation. */
type Channels<O extends Operation> = TracingChannel<unknown, O>;

/** Says whether the call that begins now is to be shown. `isOfKeyspace`: a cache or sessions need it. */
export type Sampling = (isOfKeyspace: boolean) => boolean;

/** Brings each operation that begins to who samples. */
export const SAMPLED_CHANNEL = 'nestjs-redis-ha:sampled';

const sampled = channel(SAMPLED_CHANNEL);
let sampling: Sampling | null = null;

/**
 * Shows, beside what the subscribers of `start` see, those calls of which `wanted` says so. It is asked before anything
 * is made: where one request of ten is sampled, the calls of nine are nobody's, and cost no more than the question.
 */
export function sampleBy(wanted: Sampling | null): void {
  sampling = wanted;
}

/** Returns whether somebody wants to see the operation of this kind that would begin now. */
export function isWatched(
  { start }: { readonly start: { readonly hasSubscribers: boolean } },
  isOfKeyspace = false,
): boolean {
  return start.hasSubscribers || (sampling !== null && sampling(isOfKeyspace));
}

/**
 * Runs work as an operation that the subscribers of its channels see.
 *
 * @param goesOn - says of a failure that it is not the end: {@link resumed} has it
 */
export function published<O extends Operation, T>(
  channels: Channels<O>,
  operation: O,
  work: () => Promise<T>,
  goesOn?: (error: unknown) => boolean,
): Promise<T> {
  sampled.publish(operation);
  return channels.start.runStores(operation, () => {
    let working: Promise<T>;
    try {
      working = operation.run(work);
    } finally {
      channels.end.publish(operation);
    }
    return ended(channels, operation, working, goesOn);
  });
}

/** Runs the rest of the work of an operation that went on. */
export function resumed<O extends Operation, T>(
  channels: Channels<O>,
  operation: O,
  work: () => Promise<T>,
): Promise<T> {
  return ended(channels, operation, operation.run(work));
}

function ended<O extends Operation, T>(
  channels: Channels<O>,
  operation: O,
  working: Promise<T>,
  goesOn?: (error: unknown) => boolean,
): Promise<T> {
  return working.then(
    (value) => {
      publishEnd(channels, operation);
      return value;
    },
    (error: unknown) => {
      if (goesOn?.(error) !== true) {
        operation.error = error;
        channels.error.publish(operation);
        publishEnd(channels, operation);
      }
      throw error;
    },
  );
}

function publishEnd<O extends Operation>(channels: Channels<O>, operation: O): void {
  channels.asyncStart.publish(operation);
  channels.asyncEnd.publish(operation);
}
