import type { RedisPort, RunOptions } from '../../src/redis/keyspace/index.js';
import type { Stop } from '../../src/redis/base/timing/index.js';

type Argument = string | Buffer | number;

/** A command under way. */
export interface PassingCommand {
  readonly name: string;
  readonly args: readonly Argument[];
  readonly terms: RunOptions;
}

/**
 * Stands between keyspaces and a real Redis, and lets a test decide when a command is sent, when its
 * reply arrives, and when a notice arrives: a race that is one in a million happens each time.
 */
export class GatedPort implements RedisPort {
  readonly sent: PassingCommand[] = [];
  /** Waited for before a command is sent; it may throw instead. */
  beforeSending: (command: PassingCommand) => Promise<void> | void = () => undefined;
  /** Waited for before an answer arrives. It may give another answer, or throw. */
  beforeAnswer: (command: PassingCommand, answer: unknown) => unknown = (_, answer) => answer;
  readsFromReplicas = false;
  readonly #real: RedisPort;
  readonly #listeners = new Set<{ onMessage: (message: string) => void; onHearing: () => void }>();
  readonly #atRisk = new Set<(soundUntil: number) => void>();

  constructor(real: RedisPort) {
    this.#real = real;
  }

  async run(name: string, args: readonly Argument[], terms: RunOptions): Promise<unknown> {
    const command = { name, args, terms };
    await this.beforeSending(command);
    this.sent.push(command);
    const answer = await this.#real.run(name, args, terms);
    return this.beforeAnswer(command, answer);
  }

  onDataAtRisk(listener: (soundUntil: number) => void): Stop {
    this.#atRisk.add(listener);
    return () => this.#atRisk.delete(listener);
  }

  onRecovery(listener: () => void): Stop {
    return this.#real.onRecovery(listener);
  }

  listen(
    _channel: string,
    onMessage: (message: string) => void,
    onHearing: () => void,
  ): Promise<Stop> {
    const listener = { onMessage, onHearing };
    this.#listeners.add(listener);
    onHearing();
    return Promise.resolve(() => this.#listeners.delete(listener));
  }

  /** Reports that another node is the primary now. */
  tellOfSwitch(soundUntil = performance.now()): void {
    for (const listener of this.#atRisk) listener(soundUntil);
  }

  /** Delivers a message on the channel of each keyspace. */
  tell(message: string): void {
    for (const { onMessage } of this.#listeners) onMessage(message);
  }

  /** Reports that messages may have been missed. */
  tellOfGap(): void {
    for (const { onHearing } of this.#listeners) onHearing();
  }
}

/** A gate: code that waits at it goes on when it is opened. */
export function newGate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}
