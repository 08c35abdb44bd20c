import { noRedisAtAll, noRoom, strictRefusal } from './breaker/away-errors.js';
import { Away } from './breaker/guard.js';
import type { JournalRecord } from './journal/disk/journal-log.js';
import type { KeyspaceDeps, SharedStore } from './keyspace-deps.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import type { KeyspaceIdentity } from './keyspace-options.js';
import type { DropOptions, KeyspacePolicy, WriteReceipt } from './keyspace.js';
import type { StampedDrop } from './store/key-value-store.js';
import type { Stamp } from './store/stamp.js';
import { classIn, inJournal, type LiveCalls, noted } from './write-intent.js';

type GroupDrop = StampedDrop & { readonly channel: string };

const DROP_AHEAD_MS = 5;

/** Empties the key groups of a keyspace. Groups and keys are those of the caller here. */
export class KeyspaceDrops {
  readonly #keys: KeyspaceKeys;
  readonly #policy: KeyspacePolicy;
  readonly #deps: KeyspaceDeps;
  readonly #calls: LiveCalls;

  constructor({ keys, options }: KeyspaceIdentity, deps: KeyspaceDeps, calls: LiveCalls) {
    this.#keys = keys;
    this.#policy = options.policy;
    this.#deps = deps;
    this.#calls = calls;
  }

  /** Empties a key group: what was born before this moment goes. */
  async drop(group: string, options: DropOptions = {}): Promise<WriteReceipt> {
    const { redis, memory, own, stamps } = this.#deps;
    const drop = this.#newDrop(group, options);
    this.#calls.drop(drop.group);
    if (redis === null) {
      if (this.#policy === 'strict') throw noRedisAtAll(this.#keys.name);
      memory.drop({ ...drop, stamp: stamps.next(DROP_AHEAD_MS) });
      return { outcome: 'kept' };
    }
    const { losses } = own;
    const { stamp, away } = await this.#dropIn(redis, drop);
    const done = { ...drop, stamp };
    if (away === null) noted(this.#recordOf(done), losses, this.#deps);
    else await this.#keep(done, away);
    memory.drop(done);
    return { outcome: away === null ? 'stored' : 'journaled' };
  }

  // Its stamp is that of the mark in Redis. Without one it is later than current loads of members on machines
  // whose calendar is a little ahead.
  async #dropIn(
    redis: SharedStore,
    drop: Omit<GroupDrop, 'stamp'>,
  ): Promise<{ readonly stamp: Stamp; readonly away: Away | null }> {
    const { writes, stamps } = this.#deps;
    const marked: Stamp[] = [];
    const after = this.#calls.latestListed;
    const onMarked = this.#calls.mark(drop.group);
    const work = (): Promise<{ readonly stamp: Stamp }> =>
      redis.dropNow({ ...drop, after }, (stamp) => {
        marked.push(stamp);
        onMarked();
      });
    try {
      // Waits for the end: emptying must not go on after the caller was told that it is done.
      const outcome = await writes.runAlsoWhenFull(work, { isToEnd: true });
      if (!(outcome instanceof Away)) return { stamp: outcome.stamp, away: null };
      return { stamp: marked[0] ?? stamps.next(DROP_AHEAD_MS), away: outcome };
    } finally {
      onMarked();
    }
  }

  #newDrop(group: string, options: DropOptions): Omit<GroupDrop, 'stamp'> {
    const { isFinal = false, keepMs = this.#deps.tombstoneMs, except = [] } = options;
    return {
      group: this.#keys.group(group),
      ttlMs: keepMs,
      channel: this.#keys.channel,
      ...(isFinal && { isFinal }),
      ...(except.length > 0 && { except: except.map((key) => this.#keys.entry(key)) }),
    };
  }

  async #keep(drop: GroupDrop, away: Away): Promise<void> {
    if (this.#policy === 'strict') throw strictRefusal(this.#keys.name, away);
    const isJournaled = await inJournal(this.#recordOf(drop), this.#deps);
    if (!isJournaled) throw noRoom(this.#keys.name, this.#deps.own.stats);
  }

  #recordOf(drop: GroupDrop): JournalRecord {
    const madeAt = this.#deps.clock.wallTime();
    return { kind: 'drop', drop, madeAt, class: classIn(this.#policy, false) };
  }
}
