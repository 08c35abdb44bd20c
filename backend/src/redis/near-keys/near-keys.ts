import {
  ClosedError,
  CommandRejectedError,
  CommandTimeoutError,
  ConfigInvalidError,
  InvalidArgumentError,
  RedisDisabledError,
} from '../base/errors/index.js';
import { deadline, option, OptionSet, showSafely } from '../base/options/index.js';
import { inBackground, untilTime, waitFor, type Clock, type Stop } from '../base/timing/index.js';
import type { ResolvedRedisOptions } from '../config/index.js';
import { CopiedKey, CopiedKeys } from './copied-keys.js';

/** What near keys need of a Redis. */
export interface NearSource {
  /** Reads a key on the primary: its value, and what `PTTL` says of it. */
  read(key: string): Promise<readonly [value: string | null, leftMs: number]>;
  /** Has Redis tell of changed keys. Rejects with `CommandRejectedError` where it does not let this process hear. */
  listen(hearing: NearHearing): Promise<Stop>;
}

/** What is heard of changed keys. */
export interface NearHearing {
  /** `null`: all may have changed. */
  readonly onChanged: (keys: readonly string[] | null) => void;
  /** Nothing is heard any more. */
  readonly onLost: () => void;
  /** It is heard, for the first time or again. It may be lost before `listen` has resolved. */
  readonly onHearing: () => void;
}

/** What copies of plain keys were good for, since the process began. */
export interface NearKeysStats {
  /** Whether Redis tells this process of changed keys now: only then there are copies. */
  readonly isHearing: boolean;
  /** Whether it should, and does not. */
  readonly isDeaf: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** Reads that a copy has answered. */
  readonly hits: number;
  /** Reads for which Redis was asked, or that joined one of those. */
  readonly misses: number;
  /** Keys that Redis told of. */
  readonly changes: number;
  /** How often all copies were thrown away: what changes all keys was told, or something may have been missed. */
  readonly flushes: number;
}

/** A read under way. What changes its key meanwhile makes its answer unfit for a copy. */
interface UnderWay {
  readonly answer: Promise<string | null>;
  isOutdated: boolean;
}

const RETRY_MS = 1_000;
const KEEPS_FOR_EVER = -1;
const IS_NOT_THERE = -2;
const TIMEOUT_OPTION = new OptionSet({ timeoutMs: option(deadline, null) }, { path: '' });

/**
 * Reads plain keys from copies in this process, whoever writes them. Redis tells of each change (`CLIENT TRACKING`); while
 * it cannot, there are no copies, and each read asks Redis. A copy is never older than `near.nearMs`.
 */
export class NearKeys {
  readonly #source: NearSource | null;
  readonly #options: ResolvedRedisOptions['near'];
  readonly #clock: Clock;
  readonly #copies: CopiedKeys;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #waiting = new Set<() => void>();
  #isHearing = false;
  #hasHeard = false;
  #refusal: ConfigInvalidError | null = null;
  #isClosed = false;
  #stopListening: Stop | null = null;
  #stopRetry: Stop | null = null;
  #hits = 0;
  #misses = 0;
  #changes = 0;
  #flushes = 0;

  /** Made by the engine. @param source - `null` in memory mode */
  constructor(source: NearSource | null, options: ResolvedRedisOptions['near'], clock: Clock) {
    this.#source = source;
    this.#options = options;
    this.#clock = clock;
    this.#copies = new CopiedKeys(options);
  }

  /** Listens from now on, if any keys may be copied. Called once, by the engine. */
  start(): void {
    const source = this.#source;
    if (source === null || this.#options.prefixes.length === 0) return;
    void inBackground(() => this.#listen(source));
  }

  /**
   * Returns the value of a key; `null` when there is none. From a copy, if there is one: it is at the most as old as the
   * way of a message from Redis. Rejects like `redis.get`.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when Redis has refused from the first to tell of changes.
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) for a key that does not begin as `near.prefixes` says.
   */
  get(key: string): Promise<string | null> {
    const copy = this.#copies.find(key, this.#clock.now());
    if (copy === undefined) return this.#miss(key);
    this.#hits++;
    return copy.answer;
  }

  /**
   * Resolves when copies are used. Call it where an application starts, to refuse to start without.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when Redis refuses to tell of changes.
   * @throws {@link CommandTimeoutError} (`COMMAND_TIMEOUT`) when Redis does not answer.
   */
  async whenReady(timeoutMs = 10_000): Promise<void> {
    TIMEOUT_OPTION.check({ timeoutMs });
    const fault = this.#faultOf('');
    if (fault !== null && !(fault instanceof InvalidArgumentError)) throw fault;
    await waitFor<undefined>(
      ({ give, refuse }) => {
        const check = (): void => {
          if (this.#isClosed) refuse(new ClosedError('Redis is shutting down'));
          else if (this.#isHearing) give(undefined);
          else if (this.#refusal !== null) refuse(this.#refusal);
        };
        check();
        this.#waiting.add(check);
        return () => {
          this.#waiting.delete(check);
        };
      },
      untilTime(this.#clock, this.#clock.now() + timeoutMs, () => {
        const message = `Redis did not say within ${String(timeoutMs)} ms whether it tells of changed keys`;
        return new CommandTimeoutError(message, { timeoutMs });
      }),
    );
  }

  /** Stats since the process began. */
  get stats(): NearKeysStats {
    const { entries, bytes } = this.#copies;
    return {
      isHearing: this.#isHearing,
      isDeaf: !this.#isHearing && this.#source !== null && this.#options.prefixes.length > 0,
      entries,
      bytes,
      hits: this.#hits,
      misses: this.#misses,
      changes: this.#changes,
      flushes: this.#flushes,
    };
  }

  /** Listens no more; there are no copies then. Called by the engine. */
  close(): void {
    this.#isClosed = true;
    this.#stopRetry?.();
    this.#stopListening?.();
    this.#forgetAll();
    this.#isHearing = false;
    this.#tellWaiting();
  }

  #miss(key: string): Promise<string | null> {
    const fault = this.#faultOf(key);
    const source = this.#source;
    if (fault !== null || source === null) return Promise.reject(fault ?? disabled());
    this.#misses++;
    const known = this.#underWay.get(key);
    if (known !== undefined) return known.answer;
    const askedAt = this.#clock.now();
    const mayCopy = this.#isHearing;
    const read: UnderWay = {
      isOutdated: !mayCopy,
      answer: source.read(key).then(
        ([value, leftMs]) => {
          this.#end(key, read);
          if (!read.isOutdated) this.#keep(key, value, { leftMs, askedAt });
          return value;
        },
        (error: unknown) => {
          this.#end(key, read);
          throw error;
        },
      ),
    };
    this.#underWay.set(key, read);
    return read.answer;
  }

  #end(key: string, read: UnderWay): void {
    if (this.#underWay.get(key) === read) this.#underWay.delete(key);
  }

  // Redis ends a key later than it says to have ended: the copy must not outlive it.
  #keep(
    key: string,
    value: string | null,
    { leftMs, askedAt }: { readonly leftMs: number; readonly askedAt: number },
  ): void {
    const lifeMs = lifeOf(value, leftMs, this.#options.nearMs);
    if (lifeMs > 0) this.#copies.put(new CopiedKey(key, value, askedAt + lifeMs));
  }

  #faultOf(key: unknown): Error | null {
    const { prefixes } = this.#options;
    if (this.#source === null) return disabled();
    if (this.#isClosed) return new ClosedError('Redis is shutting down');
    if (prefixes.length === 0) return notConfigured();
    if (!this.#hasHeard && this.#refusal !== null) return this.#refusal;
    if (typeof key !== 'string') return unfit(key, 'must be text', "redis.near.get('flag:beta')");
    if (prefixes.some((prefix) => key.startsWith(prefix))) return null;
    const message = 'does not begin as near.prefixes says, so Redis does not tell of its changes';
    return unfit(key, message, 'Add its beginning to near.prefixes, or read it with redis.get()');
  }

  async #listen(source: NearSource): Promise<void> {
    try {
      const stop = await source.listen({
        onChanged: (keys) => {
          this.#onChanged(keys);
        },
        onLost: () => {
          this.#setHearing(false);
        },
        onHearing: () => {
          this.#setHearing(true);
        },
      });
      this.#stopListening = stop;
      if (this.#isClosed) stop();
    } catch (error) {
      if (this.#isClosed) return;
      if (error instanceof CommandRejectedError) this.#refusal = refusedBy(error, this.#options);
      this.#tellWaiting();
      this.#stopRetry = this.#clock.after(RETRY_MS, () => void this.#listen(source));
    }
  }

  #setHearing(isHearing: boolean): void {
    if (this.#isClosed) return;
    this.#forgetAll();
    this.#isHearing = isHearing;
    if (!isHearing) return;
    this.#hasHeard = true;
    this.#refusal = null;
    this.#tellWaiting();
  }

  #onChanged(keys: readonly string[] | null): void {
    if (keys === null) {
      this.#forgetAll();
      return;
    }
    this.#changes += keys.length;
    for (const key of keys) {
      this.#copies.remove(key);
      this.#outdate(key);
    }
  }

  // Who asks from now on must not join it either.
  #outdate(key: string): void {
    const read = this.#underWay.get(key);
    if (read === undefined) return;
    read.isOutdated = true;
    this.#underWay.delete(key);
  }

  #forgetAll(): void {
    this.#flushes++;
    this.#copies.clear();
    for (const key of [...this.#underWay.keys()]) this.#outdate(key);
  }

  #tellWaiting(): void {
    for (const check of [...this.#waiting]) check();
  }
}

function lifeOf(value: string | null, leftMs: number, nearMs: number): number {
  // It expired between the two.
  if (leftMs === IS_NOT_THERE) return value === null ? nearMs : 0;
  return leftMs === KEEPS_FOR_EVER ? nearMs : Math.min(leftMs, nearMs);
}

function disabled(): RedisDisabledError {
  return new RedisDisabledError(
    'There is no Redis in memory mode, so nothing to copy. Set REDIS_MODE to standalone or sentinel to have one.',
  );
}

function unfit(key: unknown, message: string, remedy: string): InvalidArgumentError {
  return new InvalidArgumentError({ field: 'key', value: showSafely(key), message, remedy });
}

function notConfigured(): ConfigInvalidError {
  return new ConfigInvalidError([
    {
      field: 'near.prefixes',
      value: [],
      message: 'redis.near copies no keys',
      remedy: "Say how the keys begin that may be copied: near: { prefixes: ['flag:'] }",
    },
  ]);
}

function refusedBy(
  refusal: CommandRejectedError,
  { prefixes }: ResolvedRedisOptions['near'],
): ConfigInvalidError {
  return new ConfigInvalidError([
    {
      field: 'near.prefixes',
      value: prefixes,
      message: `Redis, or a proxy before it, does not tell of changed keys, so copies would stay old: ${refusal.message}`,
      remedy:
        'Give the ACL user +client|id +client|tracking +subscribe &__redis__:invalidate, and connect past proxies that do not know CLIENT TRACKING with REDIRECT; or leave near.prefixes empty and read with redis.get()',
    },
  ]);
}
