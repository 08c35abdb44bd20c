import { ClosedError, CommandAbortedError, RedisHaError } from '../../base/errors/index.js';
import { CommandRecorder } from '../../base/stats/index.js';
import { holdUntil, onAbort, type Clock, type Stop } from '../../base/timing/index.js';
import {
  type CallOptions,
  type CommandIntent,
  endedError,
  isUnknownScript,
  type Payload,
  type OwnConnectionCalls,
  type PayloadWire,
  rejectedError,
  type SharedCalls,
} from '../../commands/index.js';
import type { MemoryRedis } from './memory-redis.js';
import { MemoryWire } from './memory-wire.js';

type Ending = 'abort' | 'deadline' | 'shutdown';

/** The ways of commands to a {@link MemoryRedis}: each is run at once, and only what blocks can wait. */
export class MemoryWays {
  readonly shared: SharedCalls;
  readonly blocking: OwnConnectionCalls['blocking'];
  readonly #redis: MemoryRedis;
  readonly #keyPrefix: string;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(redis: MemoryRedis, keyPrefix: string, clock: Clock) {
    this.#redis = redis;
    this.#keyPrefix = keyPrefix;
    this.#clock = clock;
    const recorder = new CommandRecorder(clock);
    this.shared = {
      recorder,
      mayRepeat: () => false,
      execute: (payload, intent, _isRepeatable, options) => {
        const running = this.#execute(payload, options);
        if (options?.isCountedByCaller === true) return running;
        const goesOn = options?.script === undefined ? undefined : isUnknownScript;
        return recorder.watch(kindOf(intent), running, goesOn);
      },
    };
    this.blocking = {
      run: (payload, _intent, _isRepeatable, options) => this.#wait(payload, options),
    };
  }

  /** A connection of its own. */
  newWire(signal: AbortSignal | null = null): MemoryWire {
    return new MemoryWire(this.#redis, this.#keyPrefix, signal);
  }

  /** Refuses what comes later and ends what waits. */
  close(): void {
    this.#closing.abort();
  }

  /** Whether it is closed. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #execute(payload: Payload, options: CallOptions | null): Promise<unknown> {
    this.#admit(payload, options?.signal ?? null);
    return written(payload, this.newWire());
  }

  async #wait(payload: Payload, options: CallOptions | null): Promise<unknown> {
    const { signal = null, timeoutMs = Infinity } = options ?? {};
    this.#admit(payload, signal);
    const ended = new AbortController();
    const endings: Ending[] = [];
    const end = (by: Ending) => (): void => {
      endings.push(by);
      ended.abort();
    };
    const stops: Stop[] = [
      onAbort(signal, end('abort')),
      onAbort(this.#closing.signal, end('shutdown')),
    ];
    if (timeoutMs !== Infinity) {
      stops.push(holdUntil(this.#clock, this.#clock.now() + timeoutMs, end('deadline')));
    }
    try {
      const reply = await written(payload, this.newWire(ended.signal));
      const [ending] = endings;
      if (reply === null && ending !== undefined)
        throw endedError({ payload, signal }, ending, null);
      return reply;
    } finally {
      for (const stop of stops) stop();
    }
  }

  #admit({ label: command }: Payload, signal: AbortSignal | null): void {
    if (this.isClosed) throw new ClosedError('Redis is shutting down', { command });
    if (signal?.aborted !== true) return;
    const cause: unknown = signal.reason;
    throw new CommandAbortedError(`${command} was aborted by its caller`, { command }, { cause });
  }
}

/** Writes a call to a connection. Rejects with the errors of a call to a server. */
export function written(payload: Payload, wire: PayloadWire): Promise<unknown> {
  return new Promise((resolve, reject) => {
    payload.write(wire, {
      onValue: resolve,
      onFailure: (error) => {
        reject(RedisHaError.is(error) ? error : rejectedError(payload.label, error));
      },
    });
  });
}

function kindOf({ route }: CommandIntent): 'read' | 'write' {
  return route === 'read' ? 'read' : 'write';
}
