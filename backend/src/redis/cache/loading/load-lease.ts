import { randomUUID } from 'node:crypto';
import type { Claim, Keyspace, Reading, Stamp } from '../../keyspace/index.js';
import type { Stop } from '../../base/timing/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import type { LoadTime } from './load-time.js';

/** The outcome of asking for the right to load. */
type Grant =
  /** Load it. Without a lease, the value is not shared with other processes. */
  | { readonly kind: 'go'; readonly lease: LoadLease | null }
  /** Another process has written the key meanwhile. */
  | { readonly kind: 'changed'; readonly reading: Reading<unknown> }
  /** Another process loads it, and the caller did not want to wait. */
  | { readonly kind: 'busy' };

type GrantedClaim = Extract<Claim, { readonly state: 'granted' }>;

/** How to request a lease. */
interface LeaseOptions {
  /** Stamp of what the caller has read already. */
  readonly seen: Stamp | null;
  /** Ends the wait. */
  readonly time: LoadTime;
  readonly mayWait: boolean;
  /** Called once, before the wait for another process. */
  readonly onHeld?: (() => void) | undefined;
}

// A notice of the write wakes a waiter. It may be missed, and a load that fails writes nothing: so a waiter also looks
// by itself, soon at first and then less and less often.
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 200;
// Waiters of many processes do not look at the same moment.
const LOOK_JITTER = 0.25;
// Two renewals in a row may get lost before the lease is lost.
const RENEWALS_PER_LEASE = 3;

/** Makes sure that only one of all processes loads a key, and that the others get its value. */
export class LoadLeases {
  readonly #deps: CacheDeps;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
  }

  /** Asks until there is an answer. When the time is over, it fails with the reason of that. */
  async take(key: string, wish: LeaseOptions): Promise<Grant> {
    const { keyspace, counters } = this.#deps;
    const token = randomUUID();
    for (let looks = 0; ; looks++) {
      const claim = await this.#claim(key, token, wish);
      if (claim.state === 'granted') {
        return { kind: 'go', lease: new LoadLease(this.#deps, key, claim) };
      }
      if (claim.state === 'changed') return { kind: 'changed', reading: claim.reading };
      if (claim.state === 'alone') return { kind: 'go', lease: null };
      if (!wish.mayWait) return { kind: 'busy' };
      if (looks === 0) {
        counters.add('joined');
        wish.onHeld?.();
      }
      await keyspace.untilChanged(key, this.#pauseAfter(looks), wish.time.signal);
    }
  }

  #pauseAfter(looks: number): number {
    const pauseMs = Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** looks);
    return pauseMs * (1 - LOOK_JITTER * this.#deps.random());
  }

  async #claim(key: string, token: string, { seen, time }: LeaseOptions): Promise<Claim<unknown>> {
    const { keyspace, options, counters } = this.#deps;
    const asked = keyspace.claim(key, { leaseMs: options.leaseMs, seen, token });
    try {
      return await time.within(asked);
    } catch (error) {
      if (time.isOver) {
        this.#giveBackLate(asked, key);
        throw error;
      }
      if (keyspace.policy === 'strict') throw error;
      // The lease only saves work: without one, stamps still keep older values from newer ones.
      counters.add('errors');
      return { state: 'alone' };
    }
  }

  // It was granted after the caller had stopped waiting.
  #giveBackLate(asked: Promise<Claim<unknown>>, key: string): void {
    const { keyspace, tasks } = this.#deps;
    tasks.add(
      asked.then((claim) =>
        claim.state === 'granted' ? keyspace.release(key, claim.token) : undefined,
      ),
    );
  }
}

/** The lease of a key. It renews itself until it is ended or this process dies. */
export class LoadLease {
  /** The moment at which the lease was granted: any later write to the key has a later stamp. */
  readonly stamp: Stamp;
  readonly #keyspace: Keyspace<unknown>;
  readonly #tasks: CacheDeps['tasks'];
  readonly #key: string;
  readonly #token: string;
  readonly #stopRenewals: Stop;

  constructor(deps: CacheDeps, key: string, { token, stamp }: GrantedClaim) {
    const { keyspace, options, clock, tasks } = deps;
    this.stamp = stamp;
    this.#keyspace = keyspace;
    this.#tasks = tasks;
    this.#key = key;
    this.#token = token;
    this.#stopRenewals = clock.every(Math.floor(options.leaseMs / RENEWALS_PER_LEASE), () => {
      tasks.add(this.#renew(options.leaseMs));
    });
  }

  /**
   * Gives the right back, in the background, so that no caller waits for it.
   *
   * @param isGone - Redis has the value with the stamp of the lease, and took the lease back as it took the value
   */
  end(isGone: boolean): void {
    this.#stopRenewals();
    if (!isGone) this.#tasks.add(this.#keyspace.release(this.#key, this.#token));
  }

  // A lost lease stays lost: another process loads now, and the later stamp wins.
  async #renew(leaseMs: number): Promise<void> {
    const isOurs = await this.#keyspace.renew(this.#key, this.#token, leaseMs);
    if (!isOurs) this.#stopRenewals();
  }
}
