/** One step of a history. Its numbers, from 0 up to 1, choose what exactly is done. */
export interface Step {
  readonly op: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Whether the next step comes in the same turn of the event loop. */
  readonly isHasty: boolean;
}

/** Returns a generator of numbers from 0 up to 1 that always gives the same ones for a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Returns a random history. Each operation comes as often as its weight says. */
export function historyOf(
  seed: number,
  weights: Readonly<Record<string, number>>,
  length: { readonly least: number; readonly most: number },
): Step[] {
  const random = randomOf(seed);
  const all = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const names = Object.keys(weights);
  const size = length.least + Math.floor(random() * (length.most - length.least));
  return Array.from({ length: size }, () => {
    let left = random() * all;
    const op = names.find((name) => (left -= weights[name] ?? 0) < 0) ?? '';
    return { op, a: random(), b: random(), c: random(), isHasty: random() < 0.3 };
  });
}

/** Returns a history as a person reads it. */
export function written(history: readonly Step[]): string {
  const digits = (n: number): string => n.toFixed(3);
  return history
    .map(({ op, a, b, c, isHasty }, i) => {
      const numbers = [a, b, c].map(digits).join(' ');
      return `${String(i + 1)}. ${op} ${numbers}${isHasty ? ', in the same turn:' : ''}`;
    })
    .join('\n');
}
