import { CommandTimeoutError } from '../../base/errors/index.js';
import { OpenTasks } from '../../base/collections/index.js';
import type { Clock } from '../../base/timing/index.js';
import { encodeEntry, newTombstone } from './entry.js';
import type { StampedDrop, StampedWrite } from './key-value-store.js';
import {
  isOver,
  type Listing,
  listingsIn,
  listOf,
  nameInEntry,
  nameOf,
  pagesOf,
  type Replaced,
  replacedIn,
  SPARED_KEYS,
  Together,
  type Ended,
  NOT_THERE,
  unique,
  wholeGroup,
} from './group-listing.js';
import type { RedisPort, RunOptions } from './redis-port.js';
import { END_MEMBER, LIST, LISTED_MS, MARK, MEMBERS } from './redis-store-scripts.js';
import { formerIndexKey, type SlotNames } from './slot-names.js';
import {
  readStamp,
  stampBytes,
  STAMP_BYTES,
  stampDigits,
  type HybridClock,
  type Stamp,
} from './stamp.js';
import { buffersIn, ifWrongType, storeScript, toList, toPx } from './store-script.js';

/** The emptying of a key group, as Redis is asked for it. */
export type RedisDrop = StampedDrop & { readonly channel?: string };

/** The same; without a stamp, Redis gives it one, later than `after`: the latest that its caller has written before. */
export type GroupDrop = Omit<RedisDrop, 'stamp'> & {
  readonly stamp?: Stamp;
  readonly after?: Stamp | null;
};

/** A mark that stands, and the names in the index at that moment: `null` when there are many. */
interface Marked {
  readonly stamp: Stamp;
  readonly names: readonly Buffer[] | null;
}

/** What the groups of a store need. */
interface GroupDeps {
  readonly port: RedisPort;
  readonly stamps: HybridClock;
  readonly names: SlotNames;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly dropTimeoutMs: number;
  /** The channel of drops that name none of their own. */
  readonly channel: string;
  readonly onUnheard: (channel: string) => void;
}

/** A write as it is listed: its name in the index, the key, the TTL, the birth. */
type ListedArgs = readonly (string | Buffer)[];

/** Whether a write is listed, and the time of that in Redis. */
interface ListAnswer {
  readonly reply: unknown;
  readonly at: number;
}

const NOT_LISTED: ListAnswer = { reply: null, at: Infinity };
const PORTION = 500;
const FORMER_VERSION = 1;
const ENDED = 1;
const NO_STAMP: Stamp = { wallMs: 0, count: 0, origin: '0'.repeat(16) };
const NO_BYTES = Buffer.alloc(0);
const MAX_MARKS = 3;

/** A write that is listed. */
export interface Listed {
  /** The stamp of a mark that is newer than its birth: it must not be written. */
  readonly mark: Buffer | null;
  /** The latest time at which it may be written, by the clock of Redis. */
  readonly until: number;
  /** The indexes in which it was not listed before. */
  readonly newIn: readonly string[];
}

const NOTE_MS = 2 * LISTED_MS;

/**
 * The key groups of a store. An index and the entries that it lists have different hash slots, so nothing
 * changes both at once. A write lists itself first, under its own stamp, and removes only that name or the one
 * of what it replaced: so it never removes that of another write that is under way.
 */
export class RedisGroups {
  readonly #deps: GroupDeps;
  readonly #list;
  readonly #mark;
  readonly #members;
  readonly #endMember;
  readonly #origin: Buffer;
  readonly #unlisting = new OpenTasks();
  readonly #toList = new Together<ListedArgs, ListAnswer>((group, writes) =>
    this.#listAll(group, writes),
  );
  readonly #toRemove = new Together<readonly Buffer[], never>((index, names) =>
    this.#removeAll(index, names),
  );

  constructor(deps: GroupDeps, origin: Buffer) {
    const { port, timeoutMs } = deps;
    this.#deps = deps;
    this.#origin = origin;
    this.#list = storeScript(port, timeoutMs, LIST);
    this.#mark = storeScript(port, timeoutMs, MARK);
    this.#members = storeScript(port, timeoutMs, MEMBERS);
    this.#endMember = storeScript(port, timeoutMs, END_MEMBER);
  }

  /** Lists a write in its groups. */
  async list({ key, stamp, birth = stamp, ttlMs, groups }: StampedWrite): Promise<Listed> {
    const args = [nameOf(stamp, key), key, toPx(ttlMs), stampBytes(birth)];
    const asked = unique(groups).map(async (group) => ({
      index: this.#deps.names.index(group),
      answer: await this.#toList.ask(group, args),
    }));
    const newIn: string[] = [];
    let [mark, until]: [Buffer | null, number] = [null, Infinity];
    for (const { index, answer } of await Promise.all(asked)) {
      const { reply, at } = answer ?? NOT_LISTED;
      if (Buffer.isBuffer(reply) && (mark === null || reply.compare(mark) > 0)) mark = reply;
      if (reply === 1) newIn.push(index);
      until = Math.min(until, at + LISTED_MS);
    }
    return { mark, until, newIn };
  }

  async #listAll(group: string, writes: readonly ListedArgs[]): Promise<ListAnswer[]> {
    const { names } = this.#deps;
    const keys = [names.index(group), names.mark(group)];
    const [time, ...replies] = toList(await this.#list(keys, [this.#ceiling(), ...writes.flat()]));
    const at = Buffer.isBuffer(time) ? Number(time) : Infinity;
    return replies.map((reply) => ({ reply, at }));
  }

  /**
   * Removes a write that was turned away from where it was listed. Nobody waits for it. Where the same write was
   * listed before, it may be there.
   */
  unlist({ key, stamp }: StampedWrite, { newIn }: Listed): void {
    for (const index of newIn) this.#remove(index, [nameOf(stamp, key)]);
  }

  /** Removes what was replaced from its groups. Nobody waits for it. */
  unlistReplaced(key: string, replaced: Replaced): void {
    for (const [index, names] of this.#listings([{ key, replaced }])) this.#remove(index, names);
  }

  /** Waits for what goes on in the background. */
  settled(): Promise<void> {
    return this.#unlisting.untilNone();
  }

  async members(group: string): Promise<string[]> {
    const [found, former] = await Promise.all([
      this.#members([this.#deps.names.index(group)], [LISTED_MS]),
      this.#members([formerIndexKey(group)], [0]),
    ]);
    const keys = buffersIn(toList(found)).map((name) => name.toString('utf8', STAMP_BYTES));
    return unique([...keys, ...buffersIn(toList(former)).map(String)]);
  }

  /**
   * Marks a group, then ends its members. Without a stamp, Redis stamps the mark.
   *
   * @throws {@link CommandTimeoutError} (`COMMAND_TIMEOUT`) when there are more members than are ended in time.
   */
  async drop(
    drop: GroupDrop,
    onMarked?: (stamp: Stamp) => void,
  ): Promise<{ readonly stamp: Stamp; readonly dropped: number }> {
    const { clock, dropTimeoutMs } = this.#deps;
    const endsAt = clock.now() + dropTimeoutMs;
    const index = this.#deps.names.index(drop.group);
    // First of all: what comes in from now on is turned away, what came in before is in the index.
    const marked = await this.#markGroup(drop, index);
    onMarked?.(marked.stamp);
    const stamped = { ...drop, stamp: marked.stamp };
    let dropped = 0;
    const endAll = async (place: string, pages: AsyncIterable<Listing[]>): Promise<void> => {
      for await (const page of pages) {
        if (clock.now() > endsAt) throw tooMany(dropTimeoutMs, dropped);
        dropped += await this.#endPage(stamped, place, page);
      }
    };
    const { names } = marked;
    await endAll(index, names === null ? this.#scan(index, STAMP_BYTES) : pagesOf(names));
    const former = formerIndexKey(drop.group);
    await endAll(former, this.#scan(former, 0));
    return { stamp: marked.stamp, dropped };
  }

  // A node that was frozen may come to it when the caller was told long ago that it is journaled. Whoever still waits
  // and is told that it is too late has a calendar that is wrong: he goes by the time that he is told.
  async #markGroup(drop: GroupDrop, index: string): Promise<Marked> {
    const { clock, timeoutMs, names } = this.#deps;
    const { group, stamp, ttlMs } = drop;
    const origin = stamp === undefined ? this.#origin : NO_BYTES;
    const args = [this.#markOf(drop), toPx(ttlMs), this.#ceiling(), origin, PORTION];
    let now = Math.floor(clock.wallTime() - (clock.uncertaintyMs?.() ?? 0));
    for (let tries = 1; tries <= MAX_MARKS; tries++) {
      const latest = stamp === undefined ? now + timeoutMs : '';
      const reply = await this.#mark([names.mark(group), index], [...args, latest]);
      if (!Buffer.isBuffer(reply)) return this.#markedBy(toList(reply), stamp);
      now = Number(reply);
    }
    throw new CommandTimeoutError('the end of a key group arrived too late, several times');
  }

  #markedBy([own, newer, found]: readonly unknown[], stamp: Stamp | undefined): Marked {
    this.#learnIfStamp(newer);
    return {
      stamp: this.#learnIfStamp(own) ?? stamp ?? this.#deps.stamps.next(),
      names: Array.isArray(found) ? buffersIn(found) : null,
    };
  }

  #markOf({ after, stamp = after ?? NO_STAMP, except = [], isFinal = false }: GroupDrop): Buffer {
    const madeAt = this.#deps.clock.wallTime();
    const grave = newTombstone(stamp, { madeAt, freshUntil: 0, isFinal });
    return encodeEntry({ ...grave, codec: SPARED_KEYS, body: listOf(except) });
  }

  async #endPage(drop: RedisDrop, index: string, page: readonly Listing[]): Promise<number> {
    const except = new Set(drop.except);
    const meant = page.filter(({ key }) => !except.has(key));
    const replies = await Promise.all(meant.map((listing) => this.#end(drop, listing)));
    const mark = stampBytes(drop.stamp);
    const gone: Buffer[] = [];
    const ended: { key: string; replaced: Replaced }[] = [];
    for (const [i, listing] of meant.entries()) {
      const reply = replies[i] ?? NOT_THERE;
      gone.push(...listing.names.filter((name) => isOver(name, listing, reply, mark)));
      if (reply.isEnded) ended.push({ key: listing.key, replaced: reply.replaced });
      else this.#learnIfStamp(reply.replaced.stamp);
    }
    if (gone.length > 0) this.#remove(index, gone);
    for (const [other, names] of this.#listings(ended)) {
      if (other !== index) this.#remove(other, names);
    }
    return ended.length;
  }

  async #end(drop: RedisDrop, { key, stamps }: Listing): Promise<Ended> {
    const { group, stamp, ttlMs, isFinal = false } = drop;
    const { names, clock, onUnheard } = this.#deps;
    const channel = drop.channel ?? this.#deps.channel;
    const grave = newTombstone(stamp, { madeAt: clock.wallTime(), freshUntil: 0, isFinal });
    const notice = channel === '' ? '' : `${stampDigits(stamp)}${key}`;
    const noteMs = ttlMs > 0 ? NOTE_MS : 0;
    const reply = await this.#endMember(
      [key, names.notes(key)],
      [
        encodeEntry(grave),
        toPx(ttlMs),
        this.#ceiling(),
        channel,
        notice,
        nameInEntry(group),
        group,
        stamps,
        noteMs,
      ],
    );
    const [ended, heard, ...rest] = toList(reply);
    if (heard === 0) onUnheard(channel);
    return { isEnded: ended === ENDED, replaced: replacedIn(rest) };
  }

  /** Every name that is in an index during the whole scan, in portions. */
  async *#scan(index: string, stampSize: number): AsyncGenerator<Listing[]> {
    let cursor = '0';
    do {
      const args = [index, cursor, 'COUNT', PORTION];
      const page = this.#deps.port.run('zscan', args, this.#terms());
      const [next, found] = toList(await page.catch((error: unknown) => ifWrongType(error, [])));
      cursor = Buffer.isBuffer(next) ? next.toString() : '0';
      // Names and scores alternate.
      yield listingsIn(
        buffersIn(toList(found)).filter((_, i) => i % 2 === 0),
        stampSize,
      );
    } while (cursor !== '0');
  }

  #listings(
    replaced: readonly { readonly key: string; readonly replaced: Replaced }[],
  ): Map<string, Buffer[]> {
    const listings = new Map<string, Buffer[]>();
    const add = (index: string, name: Buffer): void => {
      const names = listings.get(index);
      if (names === undefined) listings.set(index, [name]);
      else names.push(name);
    };
    for (const { key, replaced: old } of replaced) {
      for (const group of old.groups.map((name) => wholeGroup(key, name))) {
        add(this.#deps.names.index(group), Buffer.concat([old.stamp, Buffer.from(key)]));
        if (old.version === FORMER_VERSION) add(formerIndexKey(group), Buffer.from(key));
      }
    }
    return listings;
  }

  // Harmless when it fails: the name expires, and a drop looks at what is really there.
  #remove(index: string, names: readonly Buffer[]): void {
    this.#unlisting.add(this.#toRemove.ask(index, names));
  }

  async #removeAll(index: string, names: readonly (readonly Buffer[])[]): Promise<never[]> {
    await this.#deps.port.run('zrem', [index, ...names.flat()], this.#terms());
    return [];
  }

  #terms(): RunOptions {
    return { timeoutMs: this.#deps.timeoutMs, isIdempotent: true, onPrimary: true };
  }

  #ceiling(): Buffer {
    return stampBytes(this.#deps.stamps.ceiling());
  }

  #learnIfStamp(bytes: unknown): Stamp | null {
    if (!Buffer.isBuffer(bytes) || bytes.length !== STAMP_BYTES) return null;
    const stamp = readStamp(bytes, 0);
    this.#deps.stamps.observe(stamp);
    return stamp;
  }
}

function tooMany(timeoutMs: number, dropped: number): CommandTimeoutError {
  return new CommandTimeoutError(
    `a key group was not emptied within ${timeoutMs} ms: ${dropped} of its members were deleted, the others are left`,
    { timeoutMs, dropped },
  );
}
