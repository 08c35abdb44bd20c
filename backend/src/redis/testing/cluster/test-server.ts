import type { StandaloneModeOptions } from '../../config/index.js';
import { redisConfigFile } from '../../lab/index.js';
import {
  resolveServerOptions,
  type RedisServerTestOptions,
  type ResolvedServerTestOptions,
} from './cluster-options.js';
import { NodeLauncher } from './node-launcher.js';
import { ProcessKeeper } from './process-keeper.js';
import { type RedisTestNode } from './redis-test-node.js';

/** One real Redis, as a process on this machine. Get one from {@link startRedisServer}. */
export class RedisTestServer {
  private stopping: Promise<void> | null = null;

  /** For {@link startRedisServer}. */
  constructor(
    private readonly settings: ResolvedServerTestOptions,
    /** The process, and everything a test can do to it. */
    readonly node: RedisTestNode,
    private readonly keeper: ProcessKeeper,
  ) {}

  /** What a client is configured with to reach it: for `RedisModule.forRoot`. */
  options(): StandaloneModeOptions {
    const { username, password } = this.settings;
    return {
      mode: 'standalone',
      ...this.node.clientAddress,
      node: {
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      },
    };
  }

  /** The same as environment variables, for an application that is started as a process. */
  env(): Record<string, string> {
    const { username, password } = this.settings;
    const { host, port } = this.node.clientAddress;
    return {
      REDIS_HOST: host,
      REDIS_PORT: String(port),
      ...(username === undefined ? {} : { REDIS_USERNAME: username }),
      ...(password === undefined ? {} : { REDIS_PASSWORD: password }),
    };
  }

  /** Ends the process and removes its files. Calling it twice is harmless. */
  stop(): Promise<void> {
    this.stopping ??= this.node.dispose().finally(() => this.keeper.close());
    return this.stopping;
  }

  /** Ends the server at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts one Redis for a test; resolves when it answers.
 * @throws TestClusterError when it cannot be started; the message says what to do.
 * @throws ConfigInvalidError when the options cannot be used.
 */
export async function startRedisServer(
  options: RedisServerTestOptions = {},
): Promise<RedisTestServer> {
  const settings = resolveServerOptions(options);
  const keeper = new ProcessKeeper();
  const { username, password } = settings;
  try {
    const node = await new NodeLauncher(keeper, settings).launch({
      name: 'redis',
      roleAtStart: 'primary',
      group: 'redis',
      username,
      password,
      configFor: (port) => redisConfigFile(settings, port),
    });
    return new RedisTestServer(settings, node, keeper);
  } catch (error) {
    await keeper.close();
    throw error;
  }
}
