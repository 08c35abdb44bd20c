import { createHash } from 'node:crypto';
import { holdUntil, type Clock, type Stop } from '../../base/timing/index.js';
import { LuaLibrary, replyOf, ScriptError } from '../lua/lua-library.js';
import { type CompiledScript, compileLua } from '../lua/lua-to-js.js';
import { errorOf, type Reply } from '../lua/replies.js';
import type { MemoryCommand, MemoryCommands, Waiting } from '../data/command-words.js';
import { MEMORY_COMMANDS } from '../data/memory-commands.js';
import { MemoryKeys } from '../data/memory-keys.js';
import { Channels } from './channels.js';
import { ReplyError, replyOrError } from '../data/reply-error.js';
import { ScanSteps } from '../data/scan-steps.js';
import { UnsupportedInTestError } from '../../base/errors/index.js';

/** Whoever waits for an element: the one that has waited the longest gets it. */
interface Waiter {
  readonly waiting: Waiting;
  readonly give: (reply: Reply) => void;
}

/** A Redis in this process for the unit tests of applications. Its calendar is that of a clock, so a test may move it by hand. */
export class MemoryRedis {
  readonly keys: MemoryKeys;
  readonly channels = new Channels();
  readonly #clock: Clock;
  readonly #scans = new ScanSteps();
  readonly #scripts = new Map<string, CompiledScript>();
  readonly #waiters = new Set<Waiter>();
  #lastMicros = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.keys = new MemoryKeys(() => clock.wallTime());
  }

  /**
   * Runs a command that does not wait. Texts are binary: one character a byte.
   *
   * @throws UnsupportedInTestError (`TEST_UNSUPPORTED`) for a command that memory does not know.
   */
  run(name: string, args: readonly string[]): Reply {
    const reply = this.#runOne(name, args);
    this.#serve();
    return reply;
  }

  /** Runs a command that may wait; resolves with `null` when its time is over, or the signal fires. */
  async wait(name: string, args: readonly string[], signal: AbortSignal | null): Promise<Reply> {
    const command = MEMORY_COMMANDS.get(name);
    const { wait } = command ?? {};
    if (command === undefined || wait === undefined) return this.run(name, args);
    let waiting: Waiting | undefined;
    const first = replyOrError(() => {
      requireNumber(name, command, args);
      waiting = wait(this.keys, args);
      return waiting.attempt();
    });
    this.#serve();
    if (first !== null || waiting === undefined) return first;
    return this.#untilServed(waiting, signal);
  }

  /** Runs a script of this library, which `EVALSHA` or `EVAL` names. Scripts of applications are none of its business. */
  runScript(name: string, [which = '', count = '', ...rest]: readonly string[]): Reply {
    const digest = name === 'eval' ? digestOf(which) : which;
    if (name === 'eval' && !this.#scripts.has(digest)) this.#scripts.set(digest, compileLua(which));
    const script = this.#scripts.get(digest);
    if (script === undefined) return { err: 'NOSCRIPT No matching script. Please use EVAL.' };
    const keys = rest.slice(0, Number(count));
    const host = {
      call: (command: string, args: readonly string[]) => this.#runOne(command, args),
    };
    try {
      return replyOf(script(new LuaLibrary(host, keys, rest.slice(keys.length))));
    } catch (error) {
      if (error instanceof ScriptError) return { err: error.message };
      throw error;
    } finally {
      this.#serve();
    }
  }

  /** Runs the commands of a transaction. */
  runAll(commands: readonly (readonly [name: string, ...args: string[]])[]): Reply {
    const replies = commands.map(([name, ...args]) => this.#runOne(name, args));
    this.#serve();
    return replies;
  }

  /** Whether a command may wait. */
  mayWait(name: string): boolean {
    return MEMORY_COMMANDS.get(name)?.wait !== undefined;
  }

  /** Throws what Redis refuses before it runs a command: an unknown name, and a wrong number of arguments. */
  check(name: string, args: readonly string[]): void {
    requireNumber(name, this.#find(name), args);
  }

  #find(name: string): MemoryCommand {
    const command = MEMORY_COMMANDS.get(name) ?? this.#ownCommands[name];
    if (command === undefined) throw unsupported(name);
    return command;
  }

  #runOne(name: string, args: readonly string[]): Reply {
    const command = this.#find(name);
    return replyOrError(() => {
      requireNumber(name, command, args);
      return command.run(this.keys, args);
    });
  }

  readonly #ownCommands: MemoryCommands = {
    ping: { min: 0, max: 1, run: (_keys, [text]) => text ?? { ok: 'PONG' } },
    echo: { min: 1, max: 1, run: (_keys, [text = '']) => text },
    time: { min: 0, max: 0, run: () => this.#time() },
    wait: { min: 2, max: 2, run: () => 0 },
    scan: { min: 1, max: Infinity, run: (keys, args) => this.#scans.step(keys, args) },
    publish: {
      min: 2,
      max: 2,
      run: (_keys, [channel = '', message = '']) => this.channels.publish(channel, message),
    },
    spublish: {
      min: 2,
      max: 2,
      run: (_keys, [channel = '', message = '']) => this.channels.publish(channel, message, true),
    },
    pubsub: { min: 1, max: Infinity, run: (_keys, args) => this.channels.about(args) },
  };

  #untilServed(waiting: Waiting, signal: AbortSignal | null): Promise<Reply> {
    return new Promise((resolve) => {
      const stops: Stop[] = [];
      const end = (reply: Reply): void => {
        this.#waiters.delete(waiter);
        for (const stop of stops) stop();
        resolve(reply);
      };
      const waiter: Waiter = { waiting, give: end };
      this.#waiters.add(waiter);
      const giveUp = (): void => {
        end(null);
      };
      const { waitMs } = waiting;
      if (waitMs > 0) stops.push(holdUntil(this.#clock, this.#clock.now() + waitMs, giveUp));
      if (signal === null) return;
      signal.addEventListener('abort', giveUp, { once: true });
      stops.push(() => {
        signal.removeEventListener('abort', giveUp);
      });
      if (signal.aborted) giveUp();
    });
  }

  // What was pushed goes to those who wait for it, before anybody else asks.
  #serve(): void {
    for (const waiter of [...this.#waiters]) {
      const reply = replyOrError(waiter.waiting.attempt);
      if (reply !== null && !isError(reply)) waiter.give(reply);
    }
  }

  // A microsecond passes with each question, or two answers would be the same.
  #time(): Reply {
    const now = Math.floor(this.#clock.wallTime()) * 1_000;
    this.#lastMicros = Math.max(now, this.#lastMicros + 1);
    return [String(Math.floor(this.#lastMicros / 1e6)), String(this.#lastMicros % 1e6)];
  }
}

// A key of another type is nothing to wait for, and nothing to fail for later.
function isError(reply: Reply): boolean {
  return errorOf(reply) !== null;
}

function requireNumber(name: string, { min, max }: MemoryCommand, args: readonly string[]): void {
  if (args.length >= min && args.length <= max) return;
  throw new ReplyError(`ERR wrong number of arguments for '${name}' command`);
}

function digestOf(lua: string): string {
  return createHash('sha1').update(lua, 'latin1').digest('hex');
}

function unsupported(name: string): UnsupportedInTestError {
  return new UnsupportedInTestError(
    `RedisTestingModule does not know ${name.toUpperCase()}: it keeps strings, hashes, lists, sets and sorted ` +
      'sets in memory. Test what needs it with a real Redis: startRedisServer() of nestjs-redis-ha/testing',
    { command: name },
  );
}
