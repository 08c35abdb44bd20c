import type { TracingChannel } from 'node:diagnostics_channel';
import type { Operation } from './operation.js';

/** The channels of one kind of operation. */
type Channels<O extends Operation> = TracingChannel<unknown, O>;

/** Returns whether somebody wants to see operations of this kind: who has subscribed to `start`. */
export function isWatched({
  start,
}: {
  readonly start: { readonly hasSubscribers: boolean };
}): boolean {
  return start.hasSubscribers;
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
