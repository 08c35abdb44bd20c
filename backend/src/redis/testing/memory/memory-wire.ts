import { UnsupportedInTestError } from '../../base/errors/index.js';
import {
  type DriverCommand,
  type Encoding,
  forward,
  newDriverCommand,
  type ReplySink,
} from '../../cluster/connection/index.js';
import type { PayloadWire } from '../../commands/index.js';
import { ReplyError } from '../data/reply-error.js';
import { OK, type Reply } from '../lua/replies.js';
import { binaryOf, driverReply } from './binary-replies.js';
import type { MemoryRedis } from './memory-redis.js';

type Words = readonly [name: string, ...args: string[]];

/** A connection to a {@link MemoryRedis}: what `MULTI` has begun and `WATCH` looks at belongs to it. */
export class MemoryWire implements PayloadWire {
  readonly isReady = true;
  readonly keyPrefix: string;
  readonly #redis: MemoryRedis;
  readonly #signal: AbortSignal | null;
  readonly #watched = new Map<string, number>();
  /** The commands since `MULTI`; `null` without it. */
  #queue: Words[] | null = null;
  #refusal: Error | null = null;

  /** @param signal - ends what waits on this connection */
  constructor(redis: MemoryRedis, keyPrefix: string, signal: AbortSignal | null = null) {
    this.#redis = redis;
    this.keyPrefix = keyPrefix;
    this.#signal = signal;
  }

  send(name: string, args: readonly unknown[], encoding: Encoding, sink: ReplySink): void {
    forward(this.write(name, args, encoding), sink);
  }

  newCommand(name: string, args: readonly unknown[], encoding: Encoding): DriverCommand {
    return newDriverCommand(name, args, { encoding, keyPrefix: this.keyPrefix });
  }

  write(name: string, args: readonly unknown[], encoding: Encoding): Promise<unknown> {
    return this.writeCommand(this.newCommand(name, args, encoding));
  }

  /** Runs at once what does not wait, so commands are run in the order in which they are written. */
  async writeCommand(command: DriverCommand): Promise<unknown> {
    const words = wordsOf(command);
    const mayWait = this.#queue === null && this.#redis.mayWait(words[0]);
    const reply = mayWait
      ? await this.#redis.wait(words[0], words.slice(1), this.#signal)
      : this.#run(words);
    return command.transformReply(driverReply(reply) as Buffer);
  }

  #run(words: Words): Reply {
    const [name, ...args] = words;
    switch (name) {
      case 'multi':
        this.#queue = [];
        this.#refusal = null;
        return OK;
      case 'exec':
        return this.#execute();
      case 'watch':
        for (const key of args) this.#watch(key);
        return OK;
      case 'unwatch':
        this.#watched.clear();
        return OK;
      default:
        return this.#queue === null ? this.#redis.run(name, args) : this.#enqueue(words);
    }
  }

  #watch(key: string): void {
    if (!this.#watched.has(key)) this.#watched.set(key, this.#redis.keys.versionOf(key));
  }

  #enqueue([name, ...args]: Words): Reply {
    try {
      this.#redis.check(name, args);
    } catch (error) {
      this.#refusal ??= error as Error;
      throw error;
    }
    this.#queue?.push([name, ...args]);
    return { ok: 'QUEUED' };
  }

  #execute(): Reply {
    const queue = this.#queue ?? [];
    const refusal = this.#refusal;
    const isChanged = [...this.#watched].some(
      ([key, version]) => this.#redis.keys.versionOf(key) !== version,
    );
    this.#queue = null;
    this.#watched.clear();
    if (refusal instanceof UnsupportedInTestError) throw refusal;
    if (refusal !== null) {
      throw new ReplyError('EXECABORT Transaction discarded because of previous errors.');
    }
    return isChanged ? null : this.#redis.runAll(queue);
  }
}

function wordsOf({ name, args }: DriverCommand): Words {
  return [name.toLowerCase(), ...args.map(binaryOf)];
}
