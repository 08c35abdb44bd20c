import type { NearWrite, Sighting } from './near-plan.js';

/** A time during which a connection may be dead without anybody noticing at once. */
export interface SilentTime {
  readonly from: number;
  readonly to: number;
}

/** Everything was removed at once, in all replicas. */
export interface Flush {
  readonly sentAt: number;
  readonly doneAt: number;
}

/** What is judged. */
export interface NearHistory {
  readonly writes: readonly NearWrite[];
  readonly flushes: readonly Flush[];
  readonly silent: readonly SilentTime[];
  readonly sightings: readonly Sighting[];
}

/** How old an answer may be. */
export interface NearBounds {
  /** When changes can be told. */
  readonly toldMs: number;
  /** How long it may take besides until it is noticed that they cannot be told. */
  readonly detectionMs: number;
}

/** A read that got what had been replaced, or removed, for longer than is allowed. */
export interface StaleRead {
  readonly key: string;
  readonly version: number;
  readonly from: 'near' | 'far';
  readonly because: 'write' | 'flush';
  readonly staleMs: number;
  readonly isSilent: boolean;
}

/** The verdict over a history. */
export interface NearVerdict {
  readonly violations: readonly StaleRead[];
  /** The oldest answers that are within bounds, or not: without and with a dead connection. */
  readonly worst: Readonly<Record<'told' | 'silent' | 'flushed', number>>;
}

/** A key, in the order of its versions, and when each was replaced. */
interface Versions {
  readonly versions: readonly number[];
  readonly ackedAt: readonly number[];
  /** The earliest time at which a version after this one was acknowledged. */
  readonly replacedAt: readonly number[];
  /** The same for when all replicas had one: others than near copies may come from a replica that is behind. */
  readonly replacedEverywhereAt: readonly number[];
}

/** Says which reads were answered with something that was too old. */
export function judge(history: NearHistory, bounds: NearBounds): NearVerdict {
  const keys = byKey(history.writes);
  const worst = { told: 0, silent: 0, flushed: 0 };
  const violations: StaleRead[] = [];
  const look = (read: Sighting, from: 'near' | 'far', at: number): void => {
    for (const { because, since } of endsOf(read, keys.get(read.key), history.flushes, from)) {
      const staleMs = at - since;
      if (staleMs <= 0) continue;
      const isSilent = history.silent.some(
        (one) => one.from < at && one.to + bounds.detectionMs > since,
      );
      const place = because === 'flush' ? 'flushed' : isSilent ? 'silent' : 'told';
      worst[place] = Math.max(worst[place], staleMs);
      const allowed = bounds.toldMs + (isSilent ? bounds.detectionMs : 0);
      const { key, version } = read;
      if (staleMs > allowed) violations.push({ key, version, from, because, staleMs, isSilent });
    }
  };
  for (const read of history.sightings) {
    if (read.nearAt > 0) look(read, 'near', read.nearAt);
    if (read.farAt > 0) look(read, 'far', read.farAt);
  }
  return { violations, worst };
}

function* endsOf(
  { version }: Sighting,
  key: Versions | undefined,
  flushes: readonly Flush[],
  from: 'near' | 'far',
): Generator<{ readonly because: 'write' | 'flush'; readonly since: number }> {
  if (key === undefined) return;
  const next = firstAbove(key.versions, version);
  const replacedAt = (from === 'near' ? key.replacedAt : key.replacedEverywhereAt)[next];
  if (replacedAt !== undefined) yield { because: 'write', since: replacedAt };
  const ackedAt = key.versions[next - 1] === version ? key.ackedAt[next - 1] : undefined;
  // Elsewhere it may be written once more after a failover.
  if (ackedAt === undefined || from === 'far') return;
  const flush = flushes.find((one) => one.sentAt > ackedAt);
  if (flush !== undefined) yield { because: 'flush', since: flush.doneAt };
}

function byKey(writes: readonly NearWrite[]): Map<string, Versions> {
  const grouped = new Map<string, NearWrite[]>();
  for (const write of writes) {
    const known = grouped.get(write.key);
    if (known === undefined) grouped.set(write.key, [write]);
    else known.push(write);
  }
  return new Map([...grouped].map(([key, list]) => [key, inOrder(list)]));
}

function inOrder(writes: readonly NearWrite[]): Versions {
  const sorted = [...writes].sort((a, b) => a.version - b.version);
  return {
    versions: sorted.map(({ version }) => version),
    ackedAt: sorted.map(({ ackedAt }) => ackedAt),
    replacedAt: earliestOfLater(sorted.map(({ ackedAt }) => ackedAt)),
    replacedEverywhereAt: earliestOfLater(sorted.map(({ confirmedAt }) => confirmedAt)),
  };
}

function earliestOfLater(times: number[]): readonly number[] {
  for (let i = times.length - 2; i >= 0; i--) {
    times[i] = Math.min(times[i] ?? Infinity, times[i + 1] ?? Infinity);
  }
  return times;
}

function firstAbove(versions: readonly number[], version: number): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle] ?? 0) > version) high = middle;
    else low = middle + 1;
  }
  return low;
}
