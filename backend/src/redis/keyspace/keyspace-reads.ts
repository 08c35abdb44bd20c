import { type DecodedEntry, decodeEntry, isTombstone } from './store/entry.js';
import type { StampedWrite } from './store/key-value-store.js';
import type { MemoryCopy } from './store/memory-records.js';
import { noRedisAtAll, strictRefusal } from './breaker/away-errors.js';
import type { KeyspaceDeps, SharedStore } from './keyspace-deps.js';
import type { OwnKnowledge, Candidate, Word } from './own-knowledge.js';
import { Away } from './breaker/guard.js';
import type { KeyspaceIdentity, KeyspaceOptions } from './keyspace-options.js';
import type { ReadOptions } from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import type { ChangeNotices } from './change-notices.js';
import type { NearCopies } from './near-copies.js';
import type { KeyAccesses } from '../hot-keys/index.js';
import { EntryJudge } from './entry-judge.js';
import { type Awaitable, type EntryDecoder, gathered, type Reading } from './reading.js';

const UNKNOWN = { state: 'unknown' } as const;
const MISSING = { state: 'missing' } as const;

/** How a keyspace knows what is newer than what Redis says. */
export interface KeyspaceSenses {
  readonly near: NearCopies | null;
  readonly notices: ChangeNotices | null;
  readonly knowledge: OwnKnowledge;
  /** `null` where nobody looks for hot keys. */
  readonly accesses: KeyAccesses | null;
}

/** When Redis was asked, by `clock.now()`, and whether the primary was. */
interface Asked {
  readonly at: number;
  readonly isPrimary: boolean;
}

/** What Redis has answered for a key, and the copy in memory that is the same, byte for byte. */
interface RedisAnswer {
  readonly entry: string;
  readonly bytes: Buffer | null;
  readonly copy: MemoryCopy | null;
}

/** The reading half of a keyspace. Keys are whole keys here. */
export class KeyspaceReads<T> {
  readonly #keys: KeyspaceKeys;
  readonly #options: KeyspaceOptions;
  readonly #deps: KeyspaceDeps;
  readonly #knowledge: OwnKnowledge;
  readonly #near: NearCopies | null;
  readonly #judge: EntryJudge<T>;

  constructor(
    { keys, options }: KeyspaceIdentity,
    deps: KeyspaceDeps,
    { near, knowledge }: KeyspaceSenses,
    decoder: EntryDecoder<T>,
  ) {
    const { clock, redis } = deps;
    this.#keys = keys;
    this.#options = options;
    this.#deps = deps;
    this.#near = near;
    this.#knowledge = knowledge;
    this.#judge = new EntryJudge({ ...options, isMemoryAll: redis === null }, keys, clock, decoder);
  }

  /**
   * Returns what a near copy says; `null` when Redis must be asked, as for one that is older than `nearMs`.
   *
   * @param key - as the caller of the keyspace gave it
   */
  near(key: string, nearMs: number, now: number): Awaitable<Reading<T>> | null {
    const near = this.#near;
    if (near === null) return null;
    if (this.#options.policy === 'strict' && !this.#deps.reads.isOpen) return null;
    const copy = near.passed(key, now);
    const known = copy === null ? null : this.#judge.again(copy);
    return known ?? this.#judgedNear(key, near, nearMs);
  }

  #judgedNear(key: string, near: NearCopies, nearMs: number): Awaitable<Reading<T>> | null {
    const { memory, clock } = this.#deps;
    const entry = this.#keys.entry(key);
    const copy = memory.peek(entry);
    if (copy === null || !copy.isTrusted || copy.heardAt < near.trustedSince) return null;
    if (clock.now() - copy.heardAt > nearMs) return null;
    const reading = this.#judge.readingOf(entry, copy.found, 'memory', copy);
    const { nearMs: passMs } = this.#options;
    if (passMs > 0 && this.#judge.isRepeatable(reading, copy)) {
      near.pass(key, copy, reading.entry, passMs);
    }
    return reading;
  }

  /** Returns what is known of one key. */
  readOne(entry: string, { confirm = false, onPrimary = false }: ReadOptions): Promise<Reading<T>> {
    const { redis, reads, clock } = this.#deps;
    if (redis === null) {
      return new Promise((resolve) => {
        resolve(this.#fromMemory(entry));
      });
    }
    if (onPrimary && redis.mayLag) return this.#readPrimaryFirst(redis, entry, confirm);
    const { mayLag } = redis;
    const askedAt = clock.now();
    return reads.askThen<Buffer | null, Reading<T>>(
      (give, fail) => {
        redis.askFor(entry, give, fail);
      },
      (found) => {
        if (found instanceof Away) return this.#whileAway(entry, found);
        const answer = this.#answerOf(entry, found);
        const isSure = !(mayLag || redis.mayLag) || !this.#isUnsure(answer, confirm);
        if (!isSure) return this.#askPrimaryFor(redis, answer);
        return this.#accept(answer, { at: askedAt, isPrimary: !(mayLag || redis.mayLag) });
      },
    );
  }

  async #readPrimaryFirst(
    redis: SharedStore,
    entry: string,
    confirm: boolean,
  ): Promise<Reading<T>> {
    const asked = await this.#onPrimary(redis, [entry]);
    if (!(asked instanceof Away)) return asked[0] ?? UNKNOWN;
    // While there is no primary, a replica still knows more than memory.
    return this.readOne(entry, { confirm });
  }

  /** Returns what is known of these keys. */
  async readAll(entries: readonly string[]): Promise<Reading<T>[]> {
    const { redis, reads, clock } = this.#deps;
    if (redis === null) return gathered(entries.map((entry) => this.#fromMemory(entry)));
    const { mayLag } = redis;
    const askedAt = clock.now();
    const found = await reads.run(() => redis.read(entries));
    if (found instanceof Away) return this.#allWhileAway(entries, found);
    const bytesOf = (i: number): Buffer | null => found[i] ?? null;
    const unsure =
      mayLag || redis.mayLag
        ? entries
            .map((entry, i) => this.#answerOf(entry, bytesOf(i)))
            .filter((answer) => this.#isUnsure(answer, false))
        : [];
    const sure = unsure.length === 0 ? [] : await this.#askPrimary(redis, unsure);
    const confirmed = new Map(unsure.map(({ entry }, i) => [entry, sure[i] ?? UNKNOWN]));
    const asked = { at: askedAt, isPrimary: !(mayLag || redis.mayLag) };
    return gathered(
      entries.map((entry, i) => confirmed.get(entry) ?? this.accept(entry, bytesOf(i), asked)),
    );
  }

  /**
   * Accepts what Redis returned: keeps a copy, and compares it with what this process wrote itself.
   */
  accept(entry: string, bytes: Buffer | null, asked: Asked): Awaitable<Reading<T>> {
    return this.#accept(this.#answerOf(entry, bytes), asked);
  }

  #answerOf(entry: string, bytes: Buffer | null): RedisAnswer {
    const copy = bytes === null ? null : this.#deps.memory.peek(entry);
    const isCopied = bytes !== null && copy?.entry.equals(bytes) === true;
    return { entry, bytes, copy: isCopied ? copy : null };
  }

  #accept({ entry, bytes, copy }: RedisAnswer, asked: Asked): Awaitable<Reading<T>> {
    const { at: askedAt } = asked;
    if (bytes === null) return this.#acceptNothing(entry, askedAt);
    if (copy !== null) return this.#acceptCopied(entry, copy, asked);
    const found = decodeEntry(bytes);
    const own = this.#deps.own.isQuiet ? null : this.#ownWord(entry, found, asked);
    if (own !== null) return this.#speak(entry, own);
    this.#keepCopy(entry, bytes, found, askedAt);
    if (this.#near === null) return this.#judge.readingOf(entry, found, 'redis');
    review(this.#near, entry, found, askedAt);
    // Near copies are mostly read again: what this read makes of them is left for the next.
    const kept = this.#options.nearMs > 0 ? this.#answerOf(entry, bytes).copy : null;
    return this.#judge.readingOf(entry, kept?.found ?? found, 'redis', kept ?? undefined);
  }

  // Redis has what memory has: it is decoded already, and nothing need be kept.
  #acceptCopied(entry: string, copy: MemoryCopy, asked: Asked): Awaitable<Reading<T>> {
    const { own, clock } = this.#deps;
    const { found } = copy;
    // A later write of this process would have replaced the copy, unless it is still to be replayed.
    const word = own.entries === 0 ? null : this.#ownWord(entry, found, asked);
    if (word !== null) return this.#speak(entry, word);
    copy.confirm(clock.now());
    if (this.#near !== null) review(this.#near, entry, found, asked.at);
    return this.#judge.readingOf(entry, found, 'redis', copy);
  }

  #acceptNothing(entry: string, askedAt: number): Awaitable<Reading<T>> {
    const { memory, own } = this.#deps;
    // What Redis took and does not have any more is gone. What it does not have yet is not.
    const word = own.entries === 0 ? null : this.#knowledge.ownOf({ key: entry });
    if (word !== null && word.source !== 'acknowledged') return this.#speak(entry, word);
    own.noteGone(entry, askedAt);
    const copy = memory.peek(entry);
    // What was written after Redis was asked is not missing.
    if (copy !== null && copy.heardAt <= askedAt) memory.forget(entry);
    return MISSING;
  }

  // Written here and not replayed yet, or acknowledged a moment ago and not on this replica yet; or ended by a
  // drop that this replica, or Redis, does not know.
  #ownWord(key: string, found: DecodedEntry, asked: Asked): Word | null {
    const word = this.#knowledge.ownOf(this.#candidateOf(key, found) ?? { key });
    return word !== null && this.#isLostSince(word, asked) ? null : word;
  }

  // A value that the primary took, and in whose place it has an older one now, has left it: nobody knows whether it was
  // ended since.
  #isLostSince({ entry, acknowledgedAt }: Word, { at, isPrimary }: Asked): boolean {
    if (this.#options.policy !== 'cache' || !isPrimary || acknowledgedAt === undefined)
      return false;
    return acknowledgedAt < at && entry !== null && !isTombstone(entry);
  }

  // A replica may not yet have what this process knows, or a login that another process made a moment
  // ago.
  #isUnsure(answer: RedisAnswer, isWanted: boolean): boolean {
    const { own } = this.#deps;
    const word = own.isQuiet ? null : this.#knowledge.ownOf({ key: answer.entry });
    if (word?.source === 'pending') return false;
    const { bytes } = answer;
    if (bytes === null) return isWanted || word !== null;
    return this.#near?.catchesUp === true || this.#isDoubted(answer, bytes, isWanted);
  }

  #isDoubted({ entry, copy }: RedisAnswer, bytes: Buffer, isWanted: boolean): boolean {
    const found = copy?.found ?? decodeEntry(bytes);
    if (isWanted && this.#judge.isOver(found)) return true;
    return this.#isBehind(entry, found, copy);
  }

  // Not when this process did the newer one itself: that is the answer then.
  #isBehind(key: string, found: DecodedEntry, copy: MemoryCopy | null): boolean {
    // What memory has as well is believed, until somebody has told of a change.
    if (copy?.isTrusted === true) return false;
    const candidate = this.#candidateOf(key, found);
    const newer = candidate === null ? null : this.#knowledge.of(candidate);
    return newer?.source === 'memory' || newer?.source === 'notice';
  }

  #candidateOf(key: string, found: DecodedEntry): Candidate | null {
    if (!found.ok) return found.stamp === null ? null : { key, stamp: found.stamp, groups: [] };
    const { stamp, birth, isFinal, groups } = found.entry;
    return { key, stamp, birth, isFinal, groups: groups.map((group) => this.#keys.group(group)) };
  }

  async #askPrimaryFor(redis: SharedStore, answer: RedisAnswer): Promise<Reading<T>> {
    const [reading = UNKNOWN] = await this.#askPrimary(redis, [answer]);
    return reading;
  }

  async #askPrimary(redis: SharedStore, answers: readonly RedisAnswer[]): Promise<Reading<T>[]> {
    const entries = answers.map(({ entry }) => entry);
    const found = await this.#onPrimary(redis, entries);
    if (!(found instanceof Away)) return found;
    for (const answer of answers) this.#keepUnsure(answer);
    return this.#allWhileAway(entries, found);
  }

  // While the primary is away, what a replica has counts where memory knows nothing newer. Nobody has confirmed it.
  #keepUnsure({ entry, bytes, copy }: RedisAnswer): void {
    if (bytes === null || copy !== null) return;
    const { memory } = this.#deps;
    const write = this.#copyOfRead(entry, bytes, decodeEntry(bytes));
    if (write !== null && memory.apply(write).kind === 'applied') memory.distrust(entry);
  }

  async #onPrimary(redis: SharedStore, entries: readonly string[]): Promise<Reading<T>[] | Away> {
    const { reads, writes, clock } = this.#deps;
    const askedAt = clock.now();
    // A primary that refuses writes still answers reads.
    const guard = writes.refusal === null ? writes : reads;
    const found = await guard.run(() => redis.readPrimary(entries));
    if (found instanceof Away) return found;
    return gathered(
      entries.map((entry, i) =>
        this.accept(entry, found[i] ?? null, { at: askedAt, isPrimary: true }),
      ),
    );
  }

  #allWhileAway(entries: readonly string[], away: Away): Promise<Reading<T>[]> {
    return gathered(entries.map((entry) => this.#whileAway(entry, away)));
  }

  #whileAway(entry: string, away: Away): Awaitable<Reading<T>> {
    if (this.#options.policy === 'strict') throw strictRefusal(this.#keys.name, away);
    return this.#fromMemory(entry);
  }

  #fromMemory(entry: string): Awaitable<Reading<T>> {
    if (this.#options.policy === 'strict' && this.#deps.redis === null) {
      throw noRedisAtAll(this.#keys.name);
    }
    const known = this.#knowledge.answerFor(entry);
    if (known === null) return this.#judge.withoutCopy();
    const copy = this.#deps.memory.peek(entry);
    const slot = copy?.entry === known.entry ? copy : undefined;
    const found = slot?.found ?? decodeEntry(known.entry);
    const candidate = this.#candidateOf(entry, found);
    const ended = candidate === null ? null : this.#knowledge.endOf(candidate);
    if (ended !== null) return { state: 'deleted', stamp: ended, source: 'memory' };
    return this.#judge.readingInMemory(entry, found, known.isTrusted, slot);
  }

  #speak(key: string, { entry, stamp }: Word): Awaitable<Reading<T>> {
    if (entry === null) return { state: 'deleted', stamp, source: 'memory' };
    return this.#judge.readingOf(key, decodeEntry(entry), 'redis');
  }

  #keepCopy(key: string, bytes: Buffer, found: DecodedEntry, askedAt: number): void {
    const { memory } = this.#deps;
    const write = this.#copyOfRead(key, bytes, found);
    if (write === null) {
      // The unreadable bytes have replaced what memory knows.
      memory.distrust(key);
      return;
    }
    if (write.isFinal === true) this.#deps.own.noteEnd({ ...write, isFinal: true });
    if (memory.apply(write).kind === 'applied') return;
    const copy = memory.peek(key);
    if (copy !== null && copy.heardAt > askedAt) return;
    // Redis was asked after memory had learned of something newer, and has lost it since.
    memory.forget(key);
    memory.apply(write);
  }

  #copyOfRead(key: string, bytes: Buffer, found: DecodedEntry): StampedWrite | null {
    if (!found.ok) return null;
    const { clock, stamps } = this.#deps;
    const { stamp, freshUntil, groups, isFinal } = found.entry;
    // What this process writes from now on is later than what it has read.
    stamps.observe(stamp);
    // Of an expired entry nothing is kept, and nothing of what it has replaced.
    const leftMs = freshUntil + this.#options.maxStaleMs - clock.wallTime();
    const ttlMs = freshUntil === 0 ? null : leftMs;
    const whole = groups.map((group) => this.#keys.group(group));
    return { key, stamp, entry: bytes, ttlMs, groups: whole, ...(isFinal && { isFinal }) };
  }
}

// The copy may be of before a notice that has come meanwhile.
function review(near: NearCopies, entry: string, found: DecodedEntry, askedAt: number): void {
  const stamp = found.ok ? found.entry.stamp : found.stamp;
  if (stamp !== null) near.review(entry, stamp, askedAt);
}
