import { randomUUID } from 'node:crypto';
import { isRedisAway } from './redis-away.js';
import type { Claim, Keyspace, Reading, Stamp } from '../../keyspace/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { draftOf, type WarmUpMark } from './warm-up-mark.js';

/** What is needed to lead a warm-up. */
interface LeadDeps {
  /** Where marks are kept: a keyspace with the policy `strict`. */
  readonly keyspace: Keyspace<unknown>;
  readonly clock: Clock;
  /** The key of the mark. */
  readonly key: string;
  readonly leaseMs: number;
}

/** What stands where the mark belongs, and the stamp with which it was written. */
export interface StampedMark {
  /** `null` where it cannot be read. */
  readonly mark: WarmUpMark | null;
  readonly stamp: Stamp;
}

/** The outcome of asking for the lead. */
export type Turn =
  /** This process leads now. `left` is what the leader before has left. */
  | { readonly kind: 'lead'; readonly lead: WarmUpLead; readonly left: WarmUpMark | null }
  /** Another process leads. */
  | { readonly kind: 'other'; readonly mark: WarmUpMark | null }
  /** There is no Redis: every process warms its own memory. */
  | { readonly kind: 'alone' }
  | { readonly kind: 'away' };

const MAX_CLAIMS = 5;
const RENEWALS_PER_LEASE = 3;

/** Asks for the lead of a warm-up, among all processes. */
export class LeadDesk {
  readonly #deps: LeadDeps;

  constructor(deps: LeadDeps) {
    this.#deps = deps;
  }

  /** The mark as the primary has it; `null` when there is none, `'away'` when nobody can tell. */
  async look(): Promise<StampedMark | 'away' | null> {
    const { keyspace, key } = this.#deps;
    try {
      return markIn(await keyspace.read(key, { onPrimary: true }));
    } catch (error) {
      if (isRedisAway(error)) return 'away';
      throw error;
    }
  }

  /** Resolves when the mark was changed; after `ms` in any case. */
  untilChanged(ms: number, signal: AbortSignal): Promise<void> {
    return this.#deps.keyspace.untilChanged(this.#deps.key, ms, signal);
  }

  /** Asks for the lead. */
  async take(): Promise<Turn> {
    try {
      return await this.#take();
    } catch (error) {
      if (isRedisAway(error)) return { kind: 'away' };
      throw error;
    }
  }

  async #take(): Promise<Turn> {
    const { keyspace, clock, key, leaseMs } = this.#deps;
    const token = randomUUID();
    let known: StampedMark | null = null;
    for (let claims = 0; claims < MAX_CLAIMS; claims++) {
      const askedAt = clock.now();
      const claim: Claim<unknown> = await keyspace.claim(key, {
        leaseMs,
        seen: known?.stamp ?? null,
        token,
      });
      if (claim.state === 'alone') return { kind: 'alone' };
      if (claim.state === 'held') return this.#heldByOther();
      if (claim.state === 'granted') {
        const { stamp, mark } = { stamp: null, mark: null, ...known };
        return {
          kind: 'lead',
          lead: new WarmUpLead(this.#deps, claim, { askedAt, known: stamp }),
          left: mark,
        };
      }
      known = markIn(claim.reading);
    }
    return this.#heldByOther();
  }

  async #heldByOther(): Promise<Turn> {
    const found = await this.look();
    if (found === 'away') return { kind: 'away' };
    return { kind: 'other', mark: found?.mark ?? null };
  }
}

/**
 * The right to lead a warm-up. It is kept for as long as it is renewed; what this process holds true is always shorter
 * than what Redis does. Each mark is written only over the one before of the same leader, so that one who was
 * stalled, and followed by another, changes nothing any more.
 */
export class WarmUpLead {
  /** The stamp of the lease: no other leader has it, and a later leader has a later one. */
  readonly fence: Stamp;
  readonly #deps: LeadDeps;
  readonly #token: string;
  readonly #stopRenewals: Stop;
  #heldUntil: number;
  #written: Stamp | null;
  #isFirst = true;
  #isLost = false;

  constructor(
    deps: LeadDeps,
    claim: Extract<Claim<unknown>, { state: 'granted' }>,
    { askedAt, known }: { readonly askedAt: number; readonly known: Stamp | null },
  ) {
    this.#deps = deps;
    this.#token = claim.token;
    this.fence = claim.stamp;
    this.#heldUntil = askedAt + deps.leaseMs;
    this.#written = known;
    this.#stopRenewals = deps.clock.every(Math.floor(deps.leaseMs / RENEWALS_PER_LEASE), () => {
      void this.#renew();
    });
  }

  /** Whether this process still leads, and may go on. */
  get isHeld(): boolean {
    return !this.#isLost && this.#deps.clock.now() < this.#heldUntil;
  }

  /** The stamp of what it has written last, or of what it has found. */
  get written(): Stamp | null {
    return this.#written;
  }

  /** Writes the mark. Returns false when the lead was lost. */
  async save(mark: WarmUpMark): Promise<boolean> {
    if (!this.isHeld) return false;
    const { keyspace, key } = this.#deps;
    // The first of a leader is stamped as its lease is, and loses against that of a later one.
    const based = this.#written === null ? {} : { replaces: this.#written };
    const stamp = this.#isFirst ? this.fence : keyspace.stamp();
    try {
      const { outcome } = await keyspace.write(key, draftOf(mark), { ...based, stamp });
      if (outcome === 'superseded') this.#isLost = true;
      else this.#written = stamp;
      this.#isFirst = false;
    } catch (error) {
      if (!isRedisAway(error)) throw error;
      // It may have been written or not: the next leader reads what is there.
      this.#isLost = true;
    }
    return !this.#isLost;
  }

  /** Gives the lead back, so that another process can go on at once. */
  async end(): Promise<void> {
    this.#stopRenewals();
    this.#isLost = true;
    await this.#deps.keyspace.release(this.#deps.key, this.#token).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    if (!this.isHeld) return;
    const { keyspace, clock, key, leaseMs } = this.#deps;
    const askedAt = clock.now();
    const isOurs = await keyspace.renew(key, this.#token, leaseMs).catch(() => false);
    // Without an answer it ends when its time is over, and not before: the next renewal may arrive.
    if (isOurs) this.#heldUntil = askedAt + leaseMs;
  }
}

function markIn(reading: Reading<unknown>): StampedMark | null {
  if (reading.state === 'found') {
    return { mark: reading.value as WarmUpMark, stamp: reading.entry.stamp };
  }
  // Of another version of the application, for example: it is written over.
  if (reading.state !== 'unreadable' || reading.stamp === null) return null;
  return { mark: null, stamp: reading.stamp };
}
