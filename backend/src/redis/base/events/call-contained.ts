/**
 * Calls what an application has given. An error in it, also one that comes later, is told: it must not keep the call from
 * others, nor end the process.
 */
export function callContained(run: () => unknown, onError: (error: unknown) => void): void {
  try {
    const later = run();
    if (isThenable(later)) later.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
