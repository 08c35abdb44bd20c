/** How a key is changed: whatever the source says, the cache is told by a delete, by the drop of a tag, or by a write. */
export type KeyKind = 'deleted' | 'tagged' | 'written';

/** A key that all processes read and change. */
export interface SkewKey {
  readonly name: string;
  readonly kind: KeyKind;
  readonly tags: readonly string[];
}

const EACH = 10;
const TAGS = 2;

/** The keys of a run. Few, so that processes meet on them all the time. */
export function keysOf(run: number): SkewKey[] {
  return Array.from({ length: EACH }, (_, i) => i).flatMap((i) => [
    { name: `${String(run)}:deleted:${String(i)}`, kind: 'deleted' as const, tags: [] },
    {
      name: `${String(run)}:tagged:${String(i)}`,
      kind: 'tagged' as const,
      tags: [`${String(run)}:tag:${String(i % TAGS)}`],
    },
    {
      name: `${String(run)}:written:${String(i)}`,
      kind: 'written' as const,
      tags: [`${String(run)}:written`],
    },
  ]);
}
