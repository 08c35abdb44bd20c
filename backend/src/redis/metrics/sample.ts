/** Values of labels by their names. */
export type Labels = Readonly<Record<string, string>>;

/** One value of one metric. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** What a histogram appends to the name of its family. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** The values of one connection, by the name of their family without its prefix. */
export type Snapshot = ReadonlyMap<string, readonly Sample[]>;

/** Durations counted by size, in seconds. */
export interface Distribution {
  readonly boundsS: readonly number[];
  /** How many took at most this long, in the order of `boundsS`. */
  readonly upTo: readonly number[];
  readonly count: number;
  readonly sumS: number;
}

/** One value without labels. */
export function single(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

/** One value, or none where it is not known: a missing series is better than a wrong one. */
export function singleIfKnown(value: number | null): readonly Sample[] {
  return value === null ? [] : single(value);
}

/** One value for each member, with a label that names it. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** One value for each possible state: 1 for the current one, 0 for the others. */
export function stateSet(label: string, states: readonly string[], current: string): Sample[] {
  return states.map((state) => ({ labels: { [label]: state }, value: state === current ? 1 : 0 }));
}

/** The series of a histogram. */
export function histogram(labels: Labels, { boundsS, upTo, count, sumS }: Distribution): Sample[] {
  const buckets = boundsS.map((bound, step): Sample => {
    const value = upTo[step] ?? 0;
    return { labels: { ...labels, le: String(bound) }, value, suffix: '_bucket' };
  });
  return [
    ...buckets,
    { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
    { labels, value: sumS, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}
