import { CommandRejectedError, replyPrefix } from '../../base/errors/index.js';
import type { Stop } from '../../base/timing/index.js';
import type { RedisPort } from '../../keyspace/index.js';
import { ReplyError } from '../data/reply-error.js';
import { binaryOf, driverReply, textOf } from './binary-replies.js';
import type { MemoryRedis } from './memory-redis.js';

const nothing: Stop = () => undefined;

/** The way of keyspaces to a {@link MemoryRedis}. It runs their scripts, and is never away. */
export class MemoryPort implements RedisPort {
  readonly readsFromReplicas = false;
  readonly #redis: MemoryRedis;

  constructor(redis: MemoryRedis) {
    this.#redis = redis;
  }

  run(name: string, args: readonly (string | Buffer | number)[]): Promise<unknown> {
    return new Promise((resolve) => {
      const words = args.map(binaryOf);
      const isScript = name === 'evalsha' || name === 'eval';
      const reply = isScript ? this.#redis.runScript(name, words) : this.#redis.run(name, words);
      resolve(driverReply(reply));
    }).catch((error: unknown) => {
      if (!(error instanceof ReplyError)) throw error;
      throw new CommandRejectedError(error.message, { reply: replyPrefix(error) });
    });
  }

  onDataAtRisk(): Stop {
    return nothing;
  }

  onRecovery(): Stop {
    return nothing;
  }

  listen(
    channel: string,
    onMessage: (message: string) => void,
    onHearing: () => void,
  ): Promise<Stop> {
    const stop = this.#redis.channels.listen({
      kind: 'subscribe',
      channels: [binaryOf(channel)],
      onMessage: (message) => {
        onMessage(textOf(message));
      },
    });
    onHearing();
    return Promise.resolve(stop);
  }
}
