import type { KeyValueStore } from '../../src/redis/keyspace/store/key-value-store.js';
import { compareStamps } from '../../src/redis/keyspace/store/stamp.js';
import { deleteOf, entryIn, LONG_MS, setOf, stampNo } from './stored-writes.js';

// The tests below prove that stores agree. The groups of a key never change here: if they did,
// a drop before or after the change would find other members.

type Change =
  | { readonly kind: 'set' | 'delete'; readonly no: number; readonly key: string }
  | { readonly kind: 'drop'; readonly no: number; readonly group: string };

const GROUPS_OF: Readonly<Record<string, readonly string[]>> = { a: ['g'], b: ['g', 'h'], c: [] };
const KEYS = Object.keys(GROUPS_OF);
const GROUPS = ['g', 'h'];

/** Applies one random set of changes in three orders. Returns where the content is not as expected. */
export async function disagree(store: KeyValueStore, seed: number): Promise<string[]> {
  const random = randomOf(seed);
  const changes = randomChanges(random);
  const twice = changes.filter(() => random() < 0.3);
  const orders = [changes, shuffle(changes, random), shuffle([...changes, ...twice], random)];
  const expected = contentOf(changes);
  const faults: string[] = [];
  for (const [i, order] of orders.entries()) {
    const prefix = `s${seed}:${i}:`;
    for (const change of order) faults.push(...(await make(store, prefix, change)));
    const content = await contentIn(store, prefix);
    if (content === expected) continue;
    faults.push(`seed ${seed}: ${content} instead of ${expected} after ${JSON.stringify(order)}`);
  }
  return faults;
}

function randomChanges(random: () => number): Change[] {
  const numbers = Array.from({ length: 3 + Math.floor(random() * 8) }, (_, i) => i);
  return shuffle(numbers, random).map((no): Change => {
    const dice = random();
    if (dice < 0.2) return { kind: 'drop', no, group: pick(GROUPS, random) };
    return { kind: dice < 0.4 ? 'delete' : 'set', no, key: pick(KEYS, random) };
  });
}

async function make(store: KeyValueStore, prefix: string, change: Change): Promise<string[]> {
  const stamp = stampNo(change.no);
  if (change.kind === 'drop') {
    await store.drop({ group: prefix + change.group, stamp, ttlMs: LONG_MS });
    return [];
  }
  const key = prefix + change.key;
  const groups = (GROUPS_OF[change.key] ?? []).map((group) => prefix + group);
  const body = String(change.no);
  const outcome = await store.apply(
    change.kind === 'set' ? setOf(key, stamp, { body, groups }) : deleteOf(key, stamp),
  );
  const isRight = outcome.kind !== 'superseded' || compareStamps(outcome.by, stamp) > 0;
  return isRight ? [] : [`${key}: superseded by what is not newer`];
}

/** By the definition: the latest write of each key, unless it is a delete or a group was dropped later. */
function contentOf(changes: readonly Change[]): string {
  const latest = (isMeant: (change: Change) => boolean): Change | undefined =>
    changes.filter(isMeant).toSorted((a, b) => b.no - a.no)[0];
  const values = KEYS.map((key) => {
    const write = latest((change) => change.kind !== 'drop' && change.key === key);
    const drop = latest(
      (change) => change.kind === 'drop' && (GROUPS_OF[key] ?? []).includes(change.group),
    );
    return write?.kind === 'set' && write.no > (drop?.no ?? -1) ? String(write.no) : null;
  });
  return showContent(values, (group) =>
    KEYS.filter((key, i) => values[i] !== null && GROUPS_OF[key]?.includes(group)),
  );
}

async function contentIn(store: KeyValueStore, prefix: string): Promise<string> {
  const found = await store.read(KEYS.map((key) => prefix + key));
  const values = found.map((bytes) => {
    const entry = entryIn(bytes);
    return entry?.kind === 'value' ? entry.body.toString() : null;
  });
  const held = KEYS.filter((_, i) => values[i] !== null);
  const listed = new Map<string, string[]>();
  for (const group of GROUPS) {
    const members = await store.members(prefix + group);
    // A key with a tombstone may still be listed.
    listed.set(
      group,
      held.filter((key) => members.includes(prefix + key)),
    );
  }
  return showContent(values, (group) => listed.get(group) ?? []);
}

function showContent(
  values: readonly (string | null)[],
  membersOf: (group: string) => readonly string[],
): string {
  const members = GROUPS.map((group) => `${group}=${membersOf(group).join('+')}`);
  return [...values.map((value, i) => `${String(KEYS[i])}=${value ?? ''}`), ...members].join(' ');
}

function shuffle<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Repeatable random numbers: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed + 0x9e37_79b9;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
