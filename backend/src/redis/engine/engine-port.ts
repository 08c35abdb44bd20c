import type { EventBus } from '../base/events/index.js';
import type { RedisPort, RunOptions } from '../keyspace/index.js';
import type { ResolvedRedisOptions } from '../config/index.js';
import {
  asText,
  type CommandRunner,
  type Subscriptions,
  type TracedOptions,
} from '../commands/index.js';
import type { Stop } from '../base/timing/index.js';
import type { TopologyTracker } from '../cluster/topology/index.js';

/** The part of the engine that keyspaces use. */
export class EnginePort implements RedisPort {
  readonly #options: ResolvedRedisOptions;
  readonly #connected: {
    readonly runner: CommandRunner;
    readonly tracker: TopologyTracker;
    readonly subscriptions: Subscriptions;
  };
  readonly #bus: EventBus;

  constructor(
    options: ResolvedRedisOptions,
    connected: {
      readonly runner: CommandRunner;
      readonly tracker: TopologyTracker;
      readonly subscriptions: Subscriptions;
    },
    bus: EventBus,
  ) {
    this.#options = options;
    this.#connected = connected;
    this.#bus = bus;
  }

  run(
    name: string,
    args: readonly (string | Buffer | number)[],
    options: RunOptions,
  ): Promise<unknown> {
    return this.#connected.runner.run(name, args, null, callOptions(options));
  }

  get readsFromReplicas(): boolean {
    const { readPolicy } = this.#options.routing;
    return readPolicy !== 'primary' && this.#connected.tracker.replicaAddresses.length > 0;
  }

  onDataAtRisk(listener: (soundUntil: number) => void): Stop {
    const tell = (): void => {
      listener(this.#connected.tracker.soundUntil);
    };
    return all([this.#bus.on('primary.switched', tell), this.#bus.on('primary.reset', tell)]);
  }

  onFlush(listener: () => void): Stop {
    return this.#connected.subscriptions.invalidations.listen((keys) => {
      if (keys === null) listener();
    });
  }

  onRecovery(listener: () => void): Stop {
    return all([
      this.#bus.on('connection.opened', listener),
      this.#bus.on('connection.recovered', listener),
      this.#bus.on('primary.ready', listener),
    ]);
  }

  async listen(
    channel: string,
    onMessage: (message: string) => void,
    onHearing: () => void,
    onLost: (refusal?: Error) => void,
  ): Promise<Stop> {
    const { subscriptions } = this.#connected;
    const { writeTimeoutMs } = this.#options.routing;
    const lost = (): void => {
      onLost();
    };
    const options = { onHearing, onLost: lost, onRefused: onLost, timeoutMs: writeTimeoutMs };
    const listener = asText(onMessage);
    const subscription = await subscriptions.subscribeOwn(channel, listener, options);
    return () => {
      subscription.unsubscribe().catch(() => undefined);
    };
  }
}

// Nearly every read comes this way.
function callOptions(options: RunOptions): TracedOptions {
  const { timeoutMs, isIdempotent, onPrimary, script } = options;
  if (isIdempotent === true && onPrimary !== true)
    return { timeoutMs, idempotent: true, isOfKeyspace: true };
  return {
    timeoutMs,
    isOfKeyspace: true,
    ...(script !== undefined && { script }),
    ...(isIdempotent !== undefined && { idempotent: isIdempotent }),
    ...(onPrimary === true && { readPolicy: 'primary' }),
  };
}

function all(stops: readonly Stop[]): Stop {
  return () => {
    for (const stop of stops) stop();
  };
}
