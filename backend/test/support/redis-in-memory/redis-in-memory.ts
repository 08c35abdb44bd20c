import { createHash } from 'node:crypto';
import {
  LuaLibrary,
  replyOf,
  ScriptError,
  type ScriptHost,
} from '../../../src/redis/testing/lua/lua-library.js';
import { type CompiledScript, compileLua } from '../../../src/redis/testing/lua/lua-to-js.js';
import { errorOf, type Reply } from '../../../src/redis/testing/lua/replies.js';
import { MEMORY_COMMANDS } from '../../../src/redis/testing/data/memory-commands.js';
import { type Held, MemoryKeys } from '../../../src/redis/testing/data/memory-keys.js';
import { replyOrError } from '../../../src/redis/testing/data/reply-error.js';

/** Why Redis takes no writes, and what it says then. */
export const REFUSALS = {
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
  READONLY: "READONLY You can't write against a read only replica.",
  MISCONF:
    'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.',
  NOREPLICAS: 'NOREPLICAS Not enough good replicas to write.',
  NOPERM: "NOPERM User default has no permissions to run the 'evalsha' command",
} as const;

export type Refusal = keyof typeof REFUSALS;

const NEED_MEMORY = new Set(['set', 'incrby', 'hset', 'zadd']);
const WRITES = new Set([
  ...NEED_MEMORY,
  ...['del', 'pexpire', 'pexpireat', 'persist', 'zrem', 'zremrangebyrank'],
]);

/** A value of Redis and when it expires, in milliseconds of its calendar. */
interface Stored {
  readonly value: Held;
  readonly expiresAt: number;
}

/** Questions alone do not move the calendar on by so much. */
const STEPPED_MICROS = 10_000;

const compiled = new Map<string, { readonly lua: string; readonly run: CompiledScript }>();

/**
 * A Redis in this process, as far as the library needs one, whose calendar is moved by hand. It runs the very
 * scripts that a server runs, and has one replica, which has what it had at some moment. That it works as a real one
 * does is proven by the contract of stores, and by the same random histories on both.
 */
export class RedisInMemory {
  /** What it answers to writes; `null` while it takes them. */
  refusal: Refusal | null = null;
  /** Called for each message: the channel and what was told. */
  onPublish: (channel: string, message: string) => void = () => undefined;
  /** How many commands came from outside. */
  commands = 0;
  readonly #now: () => number;
  #contents: MemoryKeys;
  #replica: MemoryKeys;
  #replicatedAt = -Infinity;
  #scripts = new Set<string>();
  #lastMicros = 0;

  /** @param now - its calendar, in milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
    this.#contents = new MemoryKeys(now);
    this.#replica = new MemoryKeys(now);
  }

  /** Runs a command. Texts are binary: one character a byte. */
  run(name: string, args: readonly string[]): Reply {
    this.commands++;
    if (name === 'evalsha') return this.#runScript(args[0]!, args.slice(1));
    if (name !== 'eval') return this.#runCommand(name, args);
    const digest = createHash('sha1').update(args[0]!, 'latin1').digest('hex');
    if (!compiled.has(digest)) {
      compiled.set(digest, { lua: args[0]!, run: compileLua(args[0]!) });
    }
    this.#scripts.add(digest);
    return this.#runScript(digest, args.slice(1));
  }

  /** The keys that have not expired. */
  get keys(): string[] {
    return this.#contents.names;
  }

  /** What is stored under a key. */
  find(key: string): Stored | undefined {
    const value = this.#contents.find(key);
    if (value === undefined) return undefined;
    return { value, expiresAt: this.#contents.expiryOf(key) ?? Infinity };
  }

  /** Removes a key, as a Redis does that needs room. */
  evict(key: string): void {
    this.#contents.remove(key);
  }

  /** Runs a command that only reads on the replica. */
  runOnReplica(name: string, args: readonly string[]): Reply {
    this.commands++;
    return this.#runCommand(name, args, { contents: this.#replica });
  }

  /** When the replica last had everything. */
  get replicatedAt(): number {
    return this.#replicatedAt;
  }

  /** The replica has everything now. */
  replicate(): void {
    this.#replica = this.#contents.copy();
    this.#replicatedAt = this.#now();
  }

  /** The replica, with what it has, is the primary now, and a new replica begins with the same. */
  failOver(): void {
    this.#contents = this.#replica;
    this.#scripts = new Set();
    this.replicate();
  }

  /** Comes back without anything. */
  empty(): void {
    this.#replica = new MemoryKeys(this.#now);
    this.failOver();
  }

  #runScript(digest: string, [count, ...rest]: readonly string[]): Reply {
    const script = compiled.get(digest);
    if (script === undefined || !this.#scripts.has(digest)) {
      return { err: 'NOSCRIPT No matching script. Please use EVAL.' };
    }
    if (this.refusal === 'NOPERM') return { err: REFUSALS.NOPERM };
    let hasWritten = false;
    const host: ScriptHost = {
      call: (name, args) => {
        const reply = this.#runCommand(name, args, { hasFreed: hasWritten });
        hasWritten ||= WRITES.has(name) && errorOf(reply) === null;
        return reply;
      },
    };
    const keys = rest.slice(0, Number(count));
    try {
      return replyOf(script.run(new LuaLibrary(host, keys, rest.slice(keys.length))));
    } catch (error) {
      if (error instanceof ScriptError) return { err: error.message };
      throw error;
    }
  }

  #runCommand(
    name: string,
    args: readonly string[],
    {
      contents = this.#contents,
      hasFreed = false,
    }: { contents?: MemoryKeys; hasFreed?: boolean } = {},
  ): Reply {
    if (name === 'time') return this.#time();
    if (name === 'publish') return this.#publish(args);
    if (name === 'ping') return 'PONG';
    const command = MEMORY_COMMANDS.get(name);
    if (command === undefined) return { err: `ERR unknown command '${name}'` };
    const refusal = this.#refusalOf(name, hasFreed);
    if (refusal !== null) return { err: refusal };
    return replyOrError(() => command.run(contents, args));
  }

  // A script that has freed memory may use it.
  #refusalOf(name: string, hasFreed: boolean): string | null {
    const { refusal } = this;
    if (refusal === null || refusal === 'NOPERM' || !WRITES.has(name)) return null;
    if (refusal === 'OOM' && (!NEED_MEMORY.has(name) || hasFreed)) return null;
    return REFUSALS[refusal];
  }

  // A microsecond passes with each question, or two answers would be the same.
  #time(): Reply {
    const now = Math.floor(this.#now()) * 1_000;
    // The calendar of another node, or one that was set back.
    if (now < this.#lastMicros - STEPPED_MICROS) this.#lastMicros = 0;
    this.#lastMicros = Math.max(now, this.#lastMicros + 1);
    return [String(Math.floor(this.#lastMicros / 1e6)), String(this.#lastMicros % 1e6)];
  }

  #publish([channel, message]: readonly string[]): Reply {
    this.onPublish(channel!, message!);
    return 1;
  }
}
