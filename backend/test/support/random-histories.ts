/** One step of a random history: what happens, and to which of those it can happen to. */
export type Step<Op extends string> = readonly [op: Op, choice: number];

/** Random numbers that are the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = (seed + 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A history of so many steps. */
export function randomHistory<Op extends string>(
  seed: number,
  ops: readonly Op[],
  length: number,
): Step<Op>[] {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length }, () => [ops[below(ops.length)]!, below(1 << 16)] as const);
}

/** A history as a person reads it. */
export function writtenSteps(history: readonly Step<string>[]): string {
  return history.map(([op, choice]) => `${op} ${String(choice)}`).join('\n');
}
