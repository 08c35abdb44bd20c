/** What one process serves at rest, and from where. */
export interface View {
  readonly process: number;
  readonly where: 'near' | 'redis' | 'memory';
  readonly served: Readonly<Record<string, number>>;
}

/** A value that is older than the last change of its source. */
export interface StaleValue {
  readonly key: string;
  readonly process: number;
  readonly where: View['where'];
  readonly served: number;
  readonly true: number;
}

/** What is served that is not what the source has. A key that is not served is not stale: it is loaded again. */
export function staleIn(
  views: readonly View[],
  truth: Readonly<Record<string, number>>,
  untold: ReadonlySet<string>,
): StaleValue[] {
  return views.flatMap(({ process, where, served }) =>
    Object.entries(served).flatMap(([key, value]) => {
      const is = truth[key] ?? 0;
      return value === is || untold.has(key)
        ? []
        : [{ key, process, where, served: value, true: is }];
    }),
  );
}

/** How many keys are stale somewhere. */
export function staleKeys(stale: readonly StaleValue[]): number {
  return new Set(stale.map(({ key }) => key)).size;
}
