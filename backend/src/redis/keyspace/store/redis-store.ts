import type { Clock } from '../../base/timing/index.js';
import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import type { ScriptDefinition } from '../../commands/index.js';
import type { ApplyOutcome, KeyValueStore, StampedWrite } from './key-value-store.js';
import { GatheredReads } from './gathered-reads.js';
import { replacedIn } from './group-listing.js';
import { type GroupDrop, type Listed, type RedisDrop, RedisGroups } from './redis-groups.js';
import type { RedisPort } from './redis-port.js';
import { APPLY, CLAIM, INCREMENT, RELEASE, RENEW, TAKE } from './redis-store-scripts.js';
import { SizedReads, ValueSizes } from './sized-reads.js';
import { SlotNames } from './slot-names.js';
import {
  type HybridClock,
  readStamp,
  type Stamp,
  STAMP_BYTES,
  STAMP_DIGITS,
  stampBytes,
  stampDigits,
  stampOfDigits,
} from './stamp.js';
import { ifWrongType, storeScript, toList, toPx } from './store-script.js';
import { isTombstone } from './entry.js';

/** Options of the store. */
interface RedisStoreOptions {
  /** Deadline of each command. */
  readonly timeoutMs: number;
  /** Measures the deadline of a whole drop. */
  readonly clock: Clock;
  /** Deadline of a whole drop. @defaultValue 30000 */
  readonly dropTimeoutMs?: number;
  /** What the engine puts in front of keys: it decides their hash slots. */
  readonly keyPrefix?: string;
  /** The channel of changes that name none of their own. */
  readonly channel?: string;
  /** Called for each write that is stored and that Redis refused to tell others of on its channel. */
  readonly onUnheard?: (channel: string) => void;
}

/** A request for the lease of an entry. */
interface LeaseRequest {
  /** Where the entry is stored. */
  readonly key: string;
  /** Who asks. Asking again with it is answered in the same way. */
  readonly token: string;
  readonly leaseMs: number;
  /** The stamp of what the caller has read already; `null` for nothing. */
  readonly seen: Stamp | null;
}

/** The answer to a request for a lease. */
type LeaseAnswer =
  /** Renew and release it as this holder. What is loaded is written with this stamp, which Redis gave it. */
  | { readonly kind: 'granted'; readonly stamp: Stamp; readonly holder: string }
  | { readonly kind: 'held' }
  /** Somebody has written the entry since: there may be nothing to load. */
  | { readonly kind: 'changed'; readonly entry: Buffer };

/** `live`: it must be later than all loads. `loaded`: it is what a load made, whose lease it gives back. */
type Mode = '' | 'live' | 'loaded';

const DROP_TIMEOUT_MS = 30_000;
const TAKEN = 1;
const ABSENT = 0;
const TOO_LATE = 2;
const ANY = '';
const MAX_LISTINGS = 3;

/**
 * {@link KeyValueStore} in Redis: every change is a script that compares first. No script touches two hash slots:
 * a write with key groups lists itself in each of them before it is written (redis-groups.ts).
 */
export class RedisStore implements KeyValueStore {
  readonly #port: RedisPort;
  readonly #stamps: HybridClock;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #channel: string;
  readonly #onUnheard: (channel: string) => void;
  readonly #names: SlotNames;
  readonly #groups: RedisGroups;
  readonly #reads: SizedReads;
  readonly #gathered: GatheredReads;
  readonly #origin: Buffer;
  readonly #apply;
  readonly #claim;
  readonly #take;
  readonly #renew;
  readonly #release;
  readonly #increment;

  constructor(port: RedisPort, stamps: HybridClock, settings: RedisStoreOptions) {
    const { timeoutMs, dropTimeoutMs = DROP_TIMEOUT_MS, clock, channel = '' } = settings;
    const onUnheard = settings.onUnheard ?? (() => undefined);
    this.#port = port;
    this.#stamps = stamps;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#channel = channel;
    this.#onUnheard = onUnheard;
    const sizes = new ValueSizes();
    this.#reads = new SizedReads(sizes);
    this.#gathered = new GatheredReads(port, clock, { timeoutMs, sizes });
    this.#names = new SlotNames(settings.keyPrefix);
    this.#origin = Buffer.from(stamps.scriptOrigin, 'hex');
    const names = this.#names;
    this.#groups = new RedisGroups(
      { port, stamps, names, clock, timeoutMs, dropTimeoutMs, channel, onUnheard },
      this.#origin,
    );
    const script = (definition: ScriptDefinition) => storeScript(port, timeoutMs, definition);
    this.#apply = script(APPLY);
    this.#claim = script(CLAIM);
    this.#take = script(TAKE);
    this.#renew = script(RENEW);
    this.#release = script(RELEASE);
    this.#increment = script(INCREMENT);
  }

  /** True when {@link RedisStore.read} may be answered by a replica, which may lag behind. */
  get mayLag(): boolean {
    return this.#port.readsFromReplicas;
  }

  read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.#read(keys, false);
  }

  /** Like {@link RedisStore.read}, for one key. */
  readOne(key: string): Promise<Buffer | null> {
    return new Promise((give, fail) => {
      this.askFor(key, give, fail);
    });
  }

  /**
   * Like {@link RedisStore.readOne}, and calls one of the two, once: nearly every hit comes this way, so it takes no
   * detours. What is asked for in one turn of the event loop is sent together.
   */
  askFor(key: string, give: (entry: Buffer | null) => void, fail: (error: unknown) => void): void {
    this.#gathered.ask(key, give, fail);
  }

  /** Sends now what would be sent at the end of the turn: the connection may be closed before. */
  sendAsked(): void {
    this.#gathered.sendAll();
  }

  /** Like {@link RedisStore.read}, but never from a replica. */
  readPrimary(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.#read(keys, true);
  }

  /**
   * Writes, unless the key or one of its key groups has something newer. What a load has made, with the stamp of its
   * lease, gives the lease back as well.
   */
  apply(write: StampedWrite): Promise<ApplyOutcome> {
    // Nothing but a lease has such a stamp.
    const isLoaded = write.stamp.origin === this.#stamps.scriptOrigin && isKept(write);
    return this.#write(write, isLoaded ? 'loaded' : '');
  }

  /**
   * Like {@link RedisStore.apply}, for a write that must be later than every load of the key under way. A delete gets its
   * stamp from Redis: it is later than all that Redis has had of the key.
   */
  applyLive(write: StampedWrite): Promise<ApplyOutcome> {
    return this.#write(write, 'live');
  }

  members(group: string): Promise<string[]> {
    return this.#groups.members(group);
  }

  async drop(drop: RedisDrop): Promise<number> {
    return (await this.#groups.drop(drop)).dropped;
  }

  /**
   * Like {@link RedisStore.drop}, with a stamp of the clock of Redis: what was born before this moment, or is listed, is
   * ended, what is born from then on stays.
   *
   * @param onMarked - called with the stamp as soon as it stands: from then on it is the one to repeat
   */
  dropNow(
    drop: Omit<GroupDrop, 'stamp'>,
    onMarked?: (stamp: Stamp) => void,
  ): Promise<{ readonly stamp: Stamp; readonly dropped: number }> {
    return this.#groups.drop(drop, onMarked);
  }

  /** Waits for what goes on in the background: the indexes of key groups are tidied there. */
  settled(): Promise<void> {
    return this.#groups.settled();
  }

  /**
   * Takes the right to load an entry. Returns the entry instead when somebody has written it since:
   * then there may be nothing to load.
   */
  async claim({ key, token, leaseMs, seen }: LeaseRequest): Promise<LeaseAnswer> {
    const seenBytes = seen === null ? ANY : stampBytes(seen);
    const args = [seenBytes, this.#ceiling(), token, toLiveTime(leaseMs), this.#origin];
    const reply = await this.#claim(this.#names.allOf(key), args);
    if (Array.isArray(reply) && Buffer.isBuffer(reply[0])) {
      return { kind: 'changed', entry: reply[0] };
    }
    if (!Buffer.isBuffer(reply)) return { kind: 'held' };
    const digits = reply.toString('latin1', 0, STAMP_DIGITS);
    const stamp = stampOfDigits(digits);
    this.#stamps.observe(stamp);
    return { kind: 'granted', stamp, holder: digits + token };
  }

  /** Extends the lease of an entry for another `leaseMs`; returns false when it was lost. */
  async renew(key: string, holder: string, leaseMs: number): Promise<boolean> {
    return (await this.#renew([this.#names.lease(key)], [holder, toLiveTime(leaseMs)])) === TAKEN;
  }

  /** Gives the lease of an entry back, if this holder still has it. */
  async release(key: string, holder: string): Promise<void> {
    await this.#release([this.#names.lease(key)], [holder]);
  }

  /** Adds to a number; a new number expires after `ttlMs`. Doing it twice counts twice. */
  async increment(key: string, by: number, ttlMs: number | null): Promise<number> {
    const ttl = ttlMs === null ? toPx(null) : toLiveTime(ttlMs);
    return Number(await this.#increment([key], [by, ttl]));
  }

  /** Takes a key that nobody holds. Its holder gets it again, for `ttlMs` from then on. */
  async takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean> {
    return (await this.#take([key], [holder, toLiveTime(ttlMs)])) === TAKEN;
  }

  /** Gives back a key of {@link RedisStore.takeIfFree}; returns false when another holder has it now. */
  async giveBack(key: string, holder: string): Promise<boolean> {
    return (await this.#release([key], [holder])) === TAKEN;
  }

  async #read(keys: readonly string[], onPrimary: boolean): Promise<(Buffer | null)[]> {
    const replies = await this.#reads.read(keys, (some) => this.#ask(some, onPrimary));
    return replies.map((reply) => (Buffer.isBuffer(reply) ? reply : null));
  }

  async #ask(keys: readonly string[], onPrimary: boolean): Promise<unknown[]> {
    const options = { timeoutMs: this.#timeoutMs, isIdempotent: true, onPrimary };
    if (keys.length > 1) {
      const found = toList(await this.#port.run('mget', keys, options));
      return keys.map((_key, i) => found[i]);
    }
    const asked = this.#port.run('get', keys, options);
    return [await asked.catch((error: unknown) => ifWrongType(error, null))];
  }

  async #write(write: StampedWrite, mode: Mode): Promise<ApplyOutcome> {
    if (write.groups.length === 0 || !isKept(write)) {
      return this.#outcomeOf(write, await this.#applyTo(write, mode));
    }
    for (let listings = 1; listings <= MAX_LISTINGS; listings++) {
      const listed = await this.#groups.list(write);
      const outcome = await this.#writeListed(write, mode, listed);
      if (outcome !== null && outcome.kind !== 'applied') this.#groups.unlist(write, listed);
      if (outcome !== null) return outcome;
    }
    throw new CommandTimeoutError('a write with key groups arrived too late, several times');
  }

  /** Returns `null` when it arrived too late: a drop may have forgotten it. */
  async #writeListed(
    write: StampedWrite,
    mode: Mode,
    listed: Listed,
  ): Promise<ApplyOutcome | null> {
    if (listed.mark !== null) return this.#superseded(listed.mark);
    try {
      const reply = await this.#applyTo(write, mode, listed.until);
      return reply === TOO_LATE ? null : this.#outcomeOf(write, reply);
    } catch (error) {
      if (error instanceof CommandRejectedError) this.#groups.unlist(write, listed);
      throw error;
    }
  }

  // Lists only what stays there, so it asks no marks of groups for what takes away.
  #applyTo(write: StampedWrite, mode: Mode, until?: number): Promise<unknown> {
    const { key, stamp, entry, channel = this.#channel, replaces = ANY } = write;
    const notice = channel === '' ? '' : `${stampDigits(stamp)}${key}`;
    const isListed = until !== undefined;
    const isDated = isDatedByRedis(write, mode);
    const latest = isDated ? this.#waitsUntil() : (until ?? '');
    const keys = this.#names.allOf(key);
    const base = typeof replaces === 'string' ? replaces : stampBytes(replaces);
    const args = [entry, toPx(write.ttlMs), this.#ceiling(), channel, notice, mode, base];
    const origin = isDated ? this.#origin : '';
    return this.#apply(keys, [...args, latest, origin, ...(isListed ? write.groups : [])]);
  }

  // By the calendar of Redis, at the earliest: a node that was frozen may come to it when the caller was told long ago.
  #waitsUntil(): Buffer {
    const uncertaintyMs = this.#clock.uncertaintyMs?.() ?? 0;
    const wallMs = Math.floor(this.#clock.wallTime() - uncertaintyMs) + this.#timeoutMs;
    return stampBytes({ wallMs, count: 0, origin: this.#stamps.scriptOrigin });
  }

  #outcomeOf(write: StampedWrite, reply: unknown): ApplyOutcome {
    if (Buffer.isBuffer(reply)) return this.#superseded(reply);
    if (reply === ABSENT) return { kind: 'absent' };
    const [heard, dated, ...rest] = toList(reply);
    if (heard === 0) this.#onUnheard(write.channel ?? this.#channel);
    const replaced = replacedIn(rest);
    if (replaced.groups.length > 0) this.#groups.unlistReplaced(write.key, replaced);
    if (!Buffer.isBuffer(dated) || dated.length !== STAMP_BYTES) return { kind: 'applied' };
    const stamp = readStamp(dated, 0);
    this.#stamps.observe(stamp);
    return { kind: 'applied', stamp };
  }

  #superseded(by: Buffer): ApplyOutcome {
    const stamp = readStamp(by, 0);
    this.#stamps.observe(stamp);
    const isFinal = by.length > STAMP_BYTES;
    return { kind: 'superseded', by: stamp, ...(isFinal && { isFinal }) };
  }

  #ceiling(): Buffer {
    return stampBytes(this.#stamps.ceiling());
  }
}

// A delete wins against all that Redis had before it. A final one does so whatever its stamp is.
function isDatedByRedis({ entry, isFinal = false }: StampedWrite, mode: Mode): boolean {
  return mode === 'live' && !isFinal && isTombstone(entry);
}

// Only what stays is listed: a tombstone and what is gone at once take away.
function isKept({ entry, ttlMs }: StampedWrite): boolean {
  return !isTombstone(entry) && (ttlMs === null || ttlMs > 0);
}

function toLiveTime(ms: number): string {
  return toPx(Math.max(1, ms));
}
