/** An alert that takes minutes, with its durations shortened: what was done, and how long it took to be told. */
export interface ToldAlert {
  readonly alert: string;
  readonly how: string;
  readonly ms: number;
}

/** By how much the durations of such rules are divided: what must last, and windows of five minutes. */
export const SHORTER = { lasting: 60, window: 20 } as const;
