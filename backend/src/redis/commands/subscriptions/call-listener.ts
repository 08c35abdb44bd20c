import type { EventBus } from '../../base/events/index.js';

/**
 * Calls a listener of the application. An error in it, also one that comes later, is reported: it must not keep the call
 * from other listeners, nor end the process.
 */
export function callListener(bus: EventBus, event: string, run: () => unknown): void {
  const report = (error: unknown): void => {
    bus.emit({ type: 'listener.failed', event, error });
  };
  try {
    const later = run();
    if (isThenable(later)) later.then(undefined, report);
  } catch (error) {
    report(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
