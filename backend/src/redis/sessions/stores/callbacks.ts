/** A Node.js callback. */
export type Callback = (error?: unknown) => void;

/** The same with a session, or `null` for none. Its type is that of the library that calls. */
export type SessionCallback = (error: unknown, session?: never) => void;

/**
 * Calls back exactly once with the outcome of the work, and never throws. What the callback itself throws
 * goes to `onThrow`: there is no other receiver.
 */
export function callBack(
  work: Promise<unknown>,
  callback: SessionCallback | undefined,
  onThrow: (error: unknown) => void,
): void {
  const call = (error: unknown, ...result: readonly unknown[]): void => {
    try {
      callback?.(error, ...(result as never[]));
    } catch (thrown) {
      onThrow(thrown);
    }
  };
  work.then(
    (session) => {
      if (session === undefined) call(null);
      else call(null, session);
    },
    (error: unknown) => {
      call(error);
    },
  );
}
