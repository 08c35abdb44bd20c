import type { TracingChannel } from 'node:diagnostics_channel';
import type { Operation } from './operation.js';
import { isWatched, published } from './publish-operation.js';

/** How calls of a class are shown to those who watch. */
export interface WatchedCalls<S, O extends Operation> {
  readonly channel: TracingChannel<unknown, O>;
  /** Makes the operation of one call. Must not fail, whatever the arguments are. */
  readonly operation: (owner: S, method: string, args: readonly unknown[]) => O;
  /** Returns the outcome of a call that has ended well, if nothing below has noted one. */
  readonly outcomeOf: (result: unknown, operation: O) => string;
}

type Method<S, A extends unknown[]> = (this: S, ...args: A) => Promise<unknown>;

/** Returns a decorator of methods whose calls are shown as operations. While nobody watches they run as they are. */
export function watchedMethods<S, O extends Operation>({
  channel,
  operation: newOperation,
  outcomeOf,
}: WatchedCalls<S, O>) {
  return <M extends Method<S, never>>(
    _target: object,
    name: string,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const method = descriptor.value as Method<S, unknown[]> | undefined;
    if (method === undefined) return;
    const watched: Method<S, unknown[]> = function (...args) {
      if (!isWatched(channel)) return method.apply(this, args);
      const operation = newOperation(this, name, args);
      return published(channel, operation, async () => {
        const result = await method.apply(this, args);
        operation.outcome ??= outcomeOf(result, operation);
        return result;
      });
    };
    descriptor.value = watched as unknown as M;
  };
}
