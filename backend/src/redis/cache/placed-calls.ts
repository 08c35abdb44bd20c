import { inPortions } from '../base/collections/index.js';
import type { Keyspace, WritePlace } from '../keyspace/index.js';

/** How many writes of one call are under way at a time. */
export const WRITES_AT_ONCE = 100;

/** A write, or a delete, as it is called. */
interface Call {
  readonly key: string;
  readonly tags: readonly string[];
}

/** The same, with its place among the others. */
interface Placed {
  readonly place: WritePlace;
  isSent: boolean;
}

/** Gives each call its place from the beginning, whatever is done and waited for before it is sent. */
export async function inOrder<C extends Call, R>(
  keyspace: Pick<Keyspace, 'place'>,
  calls: readonly C[],
  work: (placed: readonly (C & Placed)[]) => Promise<R>,
): Promise<R> {
  const placed = calls.map((call) => ({
    ...call,
    place: keyspace.place(call.key, call.tags),
    isSent: false,
  }));
  try {
    return await work(placed);
  } finally {
    // What was sent may still be under way when another one has failed, and leaves by itself.
    for (const { place, isSent } of placed) if (!isSent) place.leave();
  }
}

/** Sends calls that have their places, some at a time. */
export function eachSent<C extends Placed, R>(
  placed: readonly C[],
  send: (call: C) => Promise<R>,
): Promise<R[]> {
  return inPortions(placed, WRITES_AT_ONCE, (call) => {
    call.isSent = true;
    return send(call);
  });
}
