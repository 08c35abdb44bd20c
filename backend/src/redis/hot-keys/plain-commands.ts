import { intentOf, isFirstTheOnlyKey, keysOf, type QueuedCommand } from '../commands/index.js';
import type { Clock } from '../base/timing/index.js';
import type { KeyAccesses } from './key-accesses.js';
import { SharedReads } from './shared-reads.js';

// Their replies are text, which nobody can change: callers may share one. What is said of the key comes first.
const SHAREABLE: Readonly<Record<string, number>> = { get: 1, hget: 2 };
/** A command with more keys is an access of the first ones. */
const MAX_KEYS = 100;

/** The commands of `RedisService`: counts the keys of some, and lets reads of a hot key share an answer. */
export class PlainCommands {
  readonly #accesses: KeyAccesses;
  readonly #reads: SharedReads;
  // Whether the command writes, for those whose first argument is their only key: nearly all that are sent often.
  readonly #ofFirstKey = new Map<string, boolean>();

  constructor(accesses: KeyAccesses, clock: Clock) {
    this.#accesses = accesses;
    this.#reads = new SharedReads(clock);
  }

  /** Whether there are reads that may share an answer now. */
  get sharesReads(): boolean {
    return this.#accesses.isHot;
  }

  /** Runs a command, or lets it share the answer of another one. */
  run(
    { name, args, encoding }: Omit<QueuedCommand, 'isIdempotent'>,
    send: () => Promise<unknown>,
  ): Promise<unknown> {
    this.note(name, args);
    if (encoding !== 'utf8') return send();
    const id = this.#idOf(name, args);
    if (id === null) return send();
    const { shared } = this.#reads;
    const answer = this.#reads.read(id, send);
    this.#accesses.spared += this.#reads.shared - shared;
    return answer;
  }

  /** A command is sent. */
  note(name: string, args: readonly unknown[]): void {
    // Nearly all are passed over: that must stay so short that it costs nothing.
    if (!this.#accesses.skips()) this.#count(name, args);
  }

  #count(name: string, args: readonly unknown[]): void {
    const isWrite = this.#ofFirstKey.get(name);
    const [first] = args;
    if (isWrite !== undefined && typeof first === 'string') this.#accesses.count(first, isWrite);
    else this.#noteOther(name, args);
  }

  #noteOther(name: unknown, args: readonly unknown[]): void {
    // A call without a name is refused where it is sent, with what to write instead.
    if (typeof name !== 'string') return;
    const { changes } = intentOf(name, args);
    if (isFirstTheOnlyKey(name)) this.#ofFirstKey.set(name, changes);
    const keys = keysOf(name, args).slice(0, MAX_KEYS).flatMap(textOf);
    for (const key of keys) this.#accesses.count(key, changes);
  }

  /** The same for commands that are sent together. */
  noteAll(commands: readonly { readonly name: string; readonly args: readonly unknown[] }[]): void {
    for (const { name, args } of commands) this.note(name, args);
  }

  #idOf(name: string, args: readonly unknown[]): string | null {
    const [key] = args;
    if (SHAREABLE[name] !== args.length || typeof key !== 'string') return null;
    if (!this.#accesses.isSpared(key) || !args.every((one) => typeof one === 'string')) return null;
    // Lengths, so that nothing that stands in a key can end it.
    return `${name} ${args.map((one) => `${one.length} ${one}`).join(' ')}`;
  }
}

function textOf(key: unknown): string[] {
  if (typeof key === 'string') return [key];
  if (typeof key === 'number') return [String(key)];
  return key instanceof Uint8Array ? [Buffer.from(key).toString()] : [];
}
