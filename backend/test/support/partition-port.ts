import { CommandTimeoutError } from '../../src/redis/base/errors/index.js';
import type { Stop } from '../../src/redis/base/timing/index.js';
import type { RedisPort, RunOptions } from '../../src/redis/keyspace/index.js';
import { ProcessGone } from './redis-in-memory/in-memory-port.js';

type Argument = string | Buffer | number;

interface Listener {
  readonly onHearing: () => void;
  readonly onLost: () => void;
}

const READS = new Set(['get', 'mget']);

/**
 * The way of one process to a real primary, and to a real replica for its reads. It can be cut and mended again, as
 * often and as fast as a test wants.
 */
export class PartitionPort implements RedisPort {
  readonly readsFromReplicas = true;
  readonly #primary: RedisPort;
  readonly #replica: Pick<RedisPort, 'run'>;
  readonly #listeners = new Set<Listener>();
  readonly #recovery = new Set<() => void>();
  #isCut = false;
  #isGone = false;

  constructor(primary: RedisPort, replica: Pick<RedisPort, 'run'>) {
    this.#primary = primary;
    this.#replica = replica;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Cuts the way, or mends it. */
  set isCut(isCut: boolean) {
    if (this.#isCut === isCut) return;
    this.#isCut = isCut;
    for (const { onHearing, onLost } of this.#listeners) (isCut ? onLost : onHearing)();
    if (!isCut) for (const listener of this.#recovery) listener();
  }

  async run(name: string, args: readonly Argument[], options: RunOptions): Promise<unknown> {
    this.#check();
    const isRead = READS.has(name) && options.onPrimary !== true;
    const answer = await (isRead ? this.#replica : this.#primary).run(name, args, options);
    this.#check();
    return answer;
  }

  onDataAtRisk(listener: (soundUntil: number) => void): Stop {
    return this.#primary.onDataAtRisk(listener);
  }

  onRecovery(listener: () => void): Stop {
    this.#recovery.add(listener);
    const stop = this.#primary.onRecovery(listener);
    return () => {
      this.#recovery.delete(listener);
      stop();
    };
  }

  async listen(
    channel: string,
    onMessage: (message: string) => void,
    onHearing: () => void,
    onLost: () => void,
  ): Promise<Stop> {
    this.#check();
    const hear = (message: string): void => {
      if (!this.#isCut && !this.#isGone) onMessage(message);
    };
    const stop = await this.#primary.listen(channel, hear, onHearing, onLost);
    const listener = { onHearing, onLost };
    this.#listeners.add(listener);
    // What was told since it was cut is lost.
    if (this.#isCut) onLost();
    return () => {
      this.#listeners.delete(listener);
      stop();
    };
  }

  /** The process has ended: nothing reaches Redis any more, and no answer reaches it. */
  end(): void {
    this.#isGone = true;
  }

  #check(): void {
    if (this.#isGone) throw new ProcessGone();
    if (this.#isCut) throw new CommandTimeoutError('no answer');
  }
}
