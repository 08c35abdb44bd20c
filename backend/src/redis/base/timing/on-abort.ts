import type { Stop } from './clock.js';

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back once when the signal fires, at once if it has fired already. The signal itself gets one
 * listener, however many calls share it: Node.js takes more than ten for a leak and prints a warning.
 */
export function onAbort(signal: AbortSignal | null, run: () => void): Stop {
  if (signal === null) return () => undefined;
  if (signal.aborted) {
    run();
    return () => undefined;
  }
  // Each call has an entry of its own, also when two pass the same function.
  const entry = (): void => {
    run();
  };
  const all = listeners.get(signal) ?? listenTo(signal);
  all.add(entry);
  return () => {
    all.delete(entry);
    if (all.size > 0) return;
    listeners.delete(signal);
    signal.removeEventListener('abort', callAll);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  listeners.set(signal, all);
  signal.addEventListener('abort', callAll, { once: true });
  return all;
}

function callAll(this: AbortSignal): void {
  const all = listeners.get(this);
  listeners.delete(this);
  for (const run of [...(all ?? [])]) run();
}
