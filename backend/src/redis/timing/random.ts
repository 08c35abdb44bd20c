/** Chance, as the engine sees it: a number from 0 up to, not including, 1. Injected, so that tests choose it. */
export type Random = () => number;

/** The machine's own chance. Not for secrets. */
export const systemRandom: Random = () => Math.random();
