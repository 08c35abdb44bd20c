import type { Surround } from './operation.js';

let quiet: Surround | null = null;

/** Returns whether what is sent by the driver is to be hidden from those who trace the driver itself. */
export function isDriverQuiet(): boolean {
  return quiet !== null;
}

/** Hides what is sent by the driver: `surround` runs it in a context in which nobody traces. `null` ends that. */
export function quietenDriver(surround: Surround | null): void {
  quiet = surround;
}

/** Runs what sends commands by the driver. */
export function quietly<T>(work: () => T): T {
  return quiet === null ? work() : quiet(work);
}
