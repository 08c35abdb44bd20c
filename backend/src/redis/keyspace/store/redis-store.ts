import { portionsOf } from '../../base/collections/index.js';
import { CommandRejectedError } from '../../base/errors/index.js';
import { newScript, type Script, type ScriptDefinition } from '../../commands/index.js';
import { encodeEntry, newTombstone } from './entry.js';
import type { ApplyOutcome, KeyValueStore, StampedDrop, StampedWrite } from './key-value-store.js';
import type { RedisPort, RunOptions } from './redis-port.js';
import {
  APPLY,
  CLAIM,
  INCREMENT,
  MARK,
  MEMBERS,
  RELEASE,
  RENEW,
  TAKE,
} from './redis-store-scripts.js';
import { readStamp, stampBytes, stampDigits, type HybridClock, type Stamp } from './stamp.js';

/** Options of the store. */
interface RedisStoreOptions {
  /** Deadline of each command. */
  readonly timeoutMs: number;
  /** The channel of changes that name none of their own. */
  readonly channel?: string;
}

/** A request for the lease of an entry. */
interface LeaseRequest {
  /** Where the entry is stored. */
  readonly key: string;
  /** Where the lease is stored. */
  readonly leaseKey: string;
  /** Who asks. */
  readonly token: string;
  readonly leaseMs: number;
  /** The stamp of what the caller has read already; `null` for nothing. */
  readonly seen: Stamp | null;
}

const PORTION = 500;
/** Long enough to mean for ever, small enough for Redis to add it to its clock. */
const MAX_TTL_MS = 2 ** 51;
const TAKEN = 1;
const FOR_EVER = '';
const GONE_AT_ONCE = '0';
const ANY = '';

/** The key in Redis of the index of a key group: a sorted set of its members by the time they expire. */
export function groupIndexKey(group: string): string {
  return `${group}:members`;
}

/** The key in Redis that says when a key group was last emptied. */
export function groupMarkKey(group: string): string {
  return `${group}:mark`;
}

/** {@link KeyValueStore} in Redis: every change is a script that compares stamps first. */
export class RedisStore implements KeyValueStore {
  readonly #port: RedisPort;
  readonly #stamps: HybridClock;
  readonly #timeoutMs: number;
  readonly #channel: string;
  readonly #readOneTerms: RunOptions;
  readonly #apply = this.#script(APPLY);
  readonly #mark = this.#script(MARK);
  readonly #members = this.#script(MEMBERS);
  readonly #claim = this.#script(CLAIM);
  readonly #take = this.#script(TAKE);
  readonly #renew = this.#script(RENEW);
  readonly #release = this.#script(RELEASE);
  readonly #increment = this.#script(INCREMENT);

  constructor(port: RedisPort, stamps: HybridClock, settings: RedisStoreOptions) {
    this.#port = port;
    this.#stamps = stamps;
    this.#timeoutMs = settings.timeoutMs;
    this.#channel = settings.channel ?? '';
    this.#readOneTerms = { timeoutMs: settings.timeoutMs, isIdempotent: true };
  }

  /** True when {@link RedisStore.read} may be answered by a replica, which may lag behind. */
  get mayLag(): boolean {
    return this.#port.readsFromReplicas;
  }

  read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.#read(keys, false);
  }

  /** Like {@link RedisStore.read}, for one key: nearly every hit comes this way, so it takes no detours. */
  readOne(key: string): Promise<Buffer | null> {
    const asked = this.#port.run('get', [key], this.#readOneTerms) as Promise<Buffer | null>;
    return asked.catch((error: unknown) => ifWrongType(error, null));
  }

  /** Like {@link RedisStore.read}, but never from a replica. */
  readPrimary(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.#read(keys, true);
  }

  async apply(write: StampedWrite): Promise<ApplyOutcome> {
    return this.#outcomeOf(await this.#applyTo(write, ''));
  }

  /** Like {@link RedisStore.apply}, for a write that must be later than every load of the key under way. */
  async applyLive(write: StampedWrite, leaseKey: string): Promise<ApplyOutcome> {
    return this.#outcomeOf(await this.#applyTo(write, 'live', [leaseKey]));
  }

  #outcomeOf(reply: unknown): ApplyOutcome {
    return Buffer.isBuffer(reply)
      ? { kind: 'superseded', by: this.#learn(reply) }
      : { kind: 'applied' };
  }

  async members(group: string): Promise<string[]> {
    const found = await this.#members([groupIndexKey(group)]);
    return toList(found).map(String);
  }

  async drop(drop: StampedDrop & { readonly channel?: string }): Promise<number> {
    const { group, stamp, ttlMs, channel } = drop;
    const entry = encodeEntry(newTombstone(stamp, { madeAt: stamp.wallMs, freshUntil: 0 }));
    // First of all: what comes in from now on is turned away, what came in before is in the index.
    if (ttlMs > 0) {
      const args = [entry, toPx(ttlMs), this.#ceiling()];
      const reply = await this.#mark([groupMarkKey(group)], args);
      if (Buffer.isBuffer(reply)) this.#learn(reply);
    }
    const change = {
      stamp,
      entry,
      ttlMs,
      groups: [group],
      ...(channel !== undefined && { channel }),
    };
    let dropped = 0;
    for await (const keys of this.#listed(group)) {
      const replies = await Promise.all(
        keys.map((key) => this.#applyTo({ ...change, key }, 'drop')),
      );
      for (const reply of replies) if (Buffer.isBuffer(reply)) this.#learn(reply);
      dropped += replies.filter((reply) => reply === TAKEN).length;
    }
    return dropped;
  }

  /**
   * Takes the right to load an entry. Returns the entry instead when somebody has written it since:
   * then there may be nothing to load.
   */
  async claim(request: LeaseRequest): Promise<'granted' | 'held' | Buffer> {
    const { key, leaseKey, token, leaseMs, seen } = request;
    const seenBytes = seen === null ? ANY : stampBytes(seen);
    const args = [seenBytes, this.#ceiling(), token, toLiveTime(leaseMs)];
    const reply = await this.#claim([key, leaseKey], args);
    if (Buffer.isBuffer(reply)) return reply;
    return reply === TAKEN ? 'granted' : 'held';
  }

  /** Extends a lease for another `leaseMs`; returns false when it was lost. */
  async renew(leaseKey: string, token: string, leaseMs: number): Promise<boolean> {
    return (await this.#renew([leaseKey], [token, toLiveTime(leaseMs)])) === TAKEN;
  }

  /** Gives a lease back, if this holder still has it. */
  async release(leaseKey: string, token: string): Promise<void> {
    await this.#release([leaseKey], [token]);
  }

  /** Adds to a number; a new number expires after `ttlMs`. Doing it twice counts twice. */
  async increment(key: string, by: number, ttlMs: number | null): Promise<number> {
    const ttl = ttlMs === null ? FOR_EVER : toLiveTime(ttlMs);
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
    const portions = portionsOf(keys, PORTION);
    const replies = await Promise.all(portions.map((some) => this.#ask(some, onPrimary)));
    return replies.flat().map((reply) => (Buffer.isBuffer(reply) ? reply : null));
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

  #applyTo(
    write: StampedWrite,
    mode: '' | 'drop' | 'live',
    leases: readonly string[] = [],
  ): Promise<unknown> {
    const { key, stamp, entry, ttlMs, groups, channel = this.#channel } = write;
    const ttl = ttlMs === null ? FOR_EVER : toPx(ttlMs);
    const notice = channel === '' ? '' : `${stampDigits(stamp)}${key}`;
    const places = groups.flatMap((group) => [groupIndexKey(group), groupMarkKey(group)]);
    return this.#apply(
      [key, ...places, ...leases],
      [entry, ttl, this.#ceiling(), key, channel, notice, mode],
    );
  }

  /** Every name that is in the index of a key group during the whole scan, in portions. */
  async *#listed(group: string): AsyncGenerator<string[]> {
    let cursor = '0';
    do {
      const [next, found] = toList(await this.#scan(groupIndexKey(group), cursor));
      cursor = Buffer.isBuffer(next) ? next.toString() : '0';
      // Names and scores alternate.
      yield toList(found)
        .filter((_name, i) => i % 2 === 0)
        .map(String);
    } while (cursor !== '0');
  }

  #scan(index: string, cursor: string): Promise<unknown> {
    const options = { timeoutMs: this.#timeoutMs, isIdempotent: true, onPrimary: true };
    const page = this.#port.run('zscan', [index, cursor, 'COUNT', PORTION], options);
    return page.catch((error: unknown) => ifWrongType(error, []));
  }

  #script(definition: ScriptDefinition): Script<unknown> {
    const isIdempotent = definition.idempotent === true;
    return newScript(definition, (name, args) =>
      this.#port.run(name, args as readonly (string | Buffer | number)[], {
        timeoutMs: this.#timeoutMs,
        isIdempotent,
        onPrimary: true,
      }),
    );
  }

  #ceiling(): Buffer {
    return stampBytes(this.#stamps.ceiling());
  }

  #learn(bytes: Buffer): Stamp {
    const stamp = readStamp(bytes, 0);
    this.#stamps.observe(stamp);
    return stamp;
  }
}

// Redis takes whole milliseconds only, and none below 1.
function toPx(ttlMs: number): string {
  if (!(ttlMs > 0)) return GONE_AT_ONCE;
  return String(Math.min(Math.ceil(ttlMs), MAX_TTL_MS));
}

function toLiveTime(ms: number): string {
  return toPx(Math.max(1, ms));
}

function toList(reply: unknown): unknown[] {
  return Array.isArray(reply) ? reply : [];
}

// MGET takes a key of another type for none at all. So does everything that reads here.
function ifWrongType<T>(error: unknown, answer: T): T {
  const isWrongType =
    error instanceof CommandRejectedError && error.details['reply'] === 'WRONGTYPE';
  if (!isWrongType) throw error;
  return answer;
}
