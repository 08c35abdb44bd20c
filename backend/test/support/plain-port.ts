import type { Redis } from 'ioredis';
import { CommandRejectedError, replyPrefix } from '../../src/redis/base/errors/index.js';
import type { RedisPort, RunOptions } from '../../src/redis/keyspace/index.js';

type Arguments = readonly (string | Buffer | number)[];
type Command = (...args: readonly unknown[]) => Promise<unknown>;

/** What was sent. */
export interface SentCommand {
  readonly name: string;
  readonly args: Arguments;
  readonly terms: RunOptions;
}

/** The keys of a script. */
export function keysOf({ args }: SentCommand): string[] {
  return args.slice(2, 2 + Number(args[1])).map(String);
}

/** A port over one plain connection, which writes down what was sent. */
export class PlainPort implements RedisPort {
  readonly readsFromReplicas = false;
  readonly sent: SentCommand[] = [];
  readonly client: Redis;
  /** Waited for before a command is sent. */
  beforeSending: (command: SentCommand) => Promise<void> | void = () => undefined;

  constructor(client: Redis) {
    this.client = client;
  }

  async run(name: string, args: Arguments, terms: RunOptions): Promise<unknown> {
    const command = { name, args, terms };
    const waits = this.beforeSending(command);
    if (waits !== undefined) await waits;
    this.sent.push(command);
    try {
      const commands = this.client as unknown as Record<string, Command>;
      return await commands[`${name}Buffer`]!.call(this.client, ...args);
    } catch (error) {
      const reply = replyPrefix(error as Error);
      throw new CommandRejectedError((error as Error).message, { reply });
    }
  }

  onDataAtRisk(): () => void {
    return () => undefined;
  }

  onRecovery(): () => void {
    return () => undefined;
  }

  listen(...[, , onHearing]: Parameters<RedisPort['listen']>): Promise<() => void> {
    onHearing();
    return Promise.resolve(() => undefined);
  }
}
