import { deleteOf, setOf, stampNo } from '../../../test/support/stored-writes.js';
import { ManualClock } from '../testing/index.js';
import { NO_LOG } from './journal/disk/journal-log.js';
import { OwnWrites } from './journal/own-writes.js';
import { OwnKnowledge, type Word } from './own-knowledge.js';
import { MemoryStore } from './store/memory-store.js';
import type { Stamp } from './store/stamp.js';

type Source = 'memory' | 'mark' | 'pending' | 'acknowledged' | 'drop' | 'droppedInRedis' | 'notice';

const SOURCES: readonly Source[] = [
  'memory',
  'mark',
  'pending',
  'acknowledged',
  'drop',
  'droppedInRedis',
  'notice',
];
const KEY = 'users:a';
const GROUP = 'users#g';
const OLD = stampNo(10);
const WINDOW_MS = 15_000;

interface Rig {
  readonly knowledge: OwnKnowledge;
  readonly own: OwnWrites;
  readonly memory: MemoryStore;
  readonly clock: ManualClock;
}

/** A process that has heard of something newer than OLD from these sources; each has a stamp of its own. */
async function heardFrom(sources: ReadonlySet<Source>): Promise<Rig> {
  const clock = new ManualClock();
  const memory = new MemoryStore({ maxEntries: 100, maxBytes: 1_000_000 }, clock);
  const bounds = { maxEntries: 100, maxBytes: 1_000_000, maxAgeMs: 3_600_000 };
  const own = new OwnWrites({ ...bounds, windowMs: WINDOW_MS }, clock, NO_LOG);
  const at = (source: Source): Stamp => stampNo(20 + SOURCES.indexOf(source));
  const writeAt = (source: Source) => ({
    kind: 'write' as const,
    write: setOf(KEY, at(source)),
    madeAt: clock.wallTime(),
  });
  const dropAt = (source: Source) => ({ group: GROUP, stamp: at(source), ttlMs: 60_000 });
  const notices = { noticeOf: () => (sources.has('notice') ? at('notice') : null) };
  if (sources.has('memory')) memory.apply(setOf(KEY, at('memory')));
  if (sources.has('mark')) memory.drop(dropAt('mark'));
  if (sources.has('droppedInRedis')) {
    own.note({ kind: 'drop', drop: dropAt('droppedInRedis'), madeAt: clock.wallTime() });
  }
  if (sources.has('drop')) {
    // It spares somebody else, so it does not replace the other one.
    const drop = { ...dropAt('drop'), except: ['users:else'] };
    await own.append({ kind: 'drop', drop, madeAt: clock.wallTime() });
  }
  if (sources.has('acknowledged')) own.note(writeAt('acknowledged'));
  if (sources.has('pending')) await own.append(writeAt('pending'));
  return { knowledge: new OwnKnowledge(own, memory, notices), own, memory, clock };
}

const SUBSETS = Array.from({ length: 2 ** SOURCES.length }, (_, bits) =>
  SOURCES.filter((_source, i) => (bits & (1 << i)) !== 0),
);

describe('OwnKnowledge', () => {
  const candidate = { key: KEY, stamp: OLD, groups: [GROUP] };

  it.each(SUBSETS)(
    'knows the newest of what it has heard from: %s %s %s %s %s %s %s',
    async (...list) => {
      const sources = new Set(list);
      const { knowledge } = await heardFrom(sources);
      const { of, ownOf } = wanted(sources);
      expect(knowledge.of(candidate)?.source ?? null).toBe(of);
      expect(knowledge.ownOf(candidate)?.source ?? null).toBe(ownOf);
      expect(knowledge.of({ ...candidate, stamp: stampNo(99) })).toBeNull();
    },
  );

  // A pending write replaces an acknowledged one. Writes without the group are ended by no drop.
  function wanted(sources: ReadonlySet<Source>): {
    of: Word['source'] | null;
    ownOf: Word['source'] | null;
  } {
    const isWritten = sources.has('pending') || sources.has('acknowledged');
    const isDropped = sources.has('drop') || sources.has('droppedInRedis');
    const written = sources.has('acknowledged') ? 'acknowledged' : 'pending';
    const ownOf = isWritten ? written : isDropped ? 'dropped' : null;
    if (sources.has('notice')) return { of: 'notice', ownOf };
    const isHeard = sources.has('memory') || sources.has('mark');
    return { of: ownOf ?? (isHeard ? 'memory' : null), ownOf };
  }

  it('forgets what Redis took a while ago, and never what it did not take', async () => {
    const { knowledge, clock } = await heardFrom(
      new Set<Source>(['droppedInRedis', 'acknowledged']),
    );
    await clock.advance(WINDOW_MS + 1);
    expect(knowledge.ownOf({ key: KEY })).toBeNull();
    const waiting = await heardFrom(new Set<Source>(['pending']));
    await waiting.clock.advance(9 * 3_600_000);
    expect(waiting.knowledge.ownOf(candidate)?.source).toBe('pending');
  });

  it('answers with the newer of what was written here and what memory holds', async () => {
    const { knowledge, own, memory } = await heardFrom(new Set<Source>(['pending']));
    expect(knowledge.answerFor(KEY)).toMatchObject({ isTrusted: true });
    memory.apply(setOf(KEY, stampNo(50), { body: 'read since' }));
    memory.distrust(KEY);
    expect(knowledge.answerFor(KEY)).toMatchObject({ isTrusted: false });
    own.note({ kind: 'write', write: setOf(KEY, stampNo(60)), madeAt: 0 });
    expect(knowledge.answerFor(KEY)).toMatchObject({ isTrusted: true });
  });

  it('doubts what Redis took when others have told of a later write', async () => {
    const { knowledge } = await heardFrom(new Set<Source>(['acknowledged', 'notice']));
    expect(knowledge.answerFor(KEY)).toMatchObject({ isTrusted: false });
  });

  it('knows that a key has ended, by itself or with its group', async () => {
    const { knowledge, own } = await heardFrom(new Set<Source>());
    expect(knowledge.endedAt(KEY)).toBeNull();
    await own.append({ kind: 'write', write: deleteOf(KEY, stampNo(3)), madeAt: 0 });
    expect(knowledge.endedAt(KEY)).toMatchObject({ stamp: stampNo(3) });
  });

  it('knows what waits in place of what a write is to replace, of which Redis may have neither', async () => {
    const pending = stampNo(20 + SOURCES.indexOf('pending'));
    const { knowledge, own } = await heardFrom(new Set<Source>(['pending']));
    const insteadOf = (replaces?: Stamp) =>
      knowledge.pendingInstead({ key: KEY, ...(replaces && { replaces }) });
    expect(insteadOf(OLD)).toEqual({ stamp: pending, isFinal: false });
    expect([insteadOf(), insteadOf(pending), insteadOf(stampNo(99))]).toEqual([null, null, null]);
    own.note({ kind: 'write', write: setOf(KEY, stampNo(60)), madeAt: 0 });
    expect(insteadOf(OLD)).toBeNull();
  });

  it('names members that no drop has ended', async () => {
    const { knowledge, own } = await heardFrom(new Set<Source>());
    const listed = { ...setOf(KEY, stampNo(3), { groups: [GROUP] }) };
    await own.append({ kind: 'write', write: listed, madeAt: 0 });
    expect(knowledge.membersOf(GROUP)).toEqual([KEY]);
    own.note({ kind: 'drop', drop: { group: GROUP, stamp: stampNo(5), ttlMs: 9 }, madeAt: 0 });
    expect(knowledge.membersOf(GROUP)).toEqual([]);
  });
});
