import {
  CommandRejectedError,
  CommandTimeoutError,
  replyPrefix,
} from '../../../src/redis/base/errors/index.js';
import type { Stop } from '../../../src/redis/base/timing/index.js';
import type { RedisPort, RunOptions } from '../../../src/redis/keyspace/index.js';
import type { RedisInMemory } from './redis-in-memory.js';
import { errorOf, type Reply } from '../../../src/redis/testing/lua/replies.js';

type Argument = string | Buffer | number;

/**
 * What becomes of commands:
 * - `open`: they are run
 * - `cut`: they are not, and nobody answers
 * - `deaf`: they are run, and the answer is lost
 * - `replica`: only the replica can be reached
 * - `frozen`: they are run when the link changes again, as by a node that thaws, and nobody waits for the answer any more
 */
export type LinkState = 'open' | 'cut' | 'deaf' | 'replica' | 'frozen';

/** What a port fails with when its process has ended. */
export class ProcessGone extends Error {}

interface Listener {
  readonly channel: string;
  readonly onMessage: (message: string) => void;
  readonly onHearing: () => void;
  readonly onLost: () => void;
}

interface Notice {
  readonly channel: string;
  readonly message: string;
}

const READS = new Set(['get', 'mget']);

/** The way of one process to a {@link RedisInMemory}. */
export class InMemoryPort implements RedisPort {
  readonly readsFromReplicas: boolean;
  /** How often others may go first, before a command is run and before its answer is there. */
  pauses: () => number = () => 0;
  readonly #redis: RedisInMemory;
  readonly #now: () => number;
  readonly #atRisk = new Set<(soundUntil: number) => void>();
  readonly #recovery = new Set<() => void>();
  readonly #listeners = new Set<Listener>();
  #link: LinkState = 'open';
  #switches = 0;
  /** Since when Redis is not surely there. */
  #doubtedSince: number | null = null;
  /** What is on its way waits for this. */
  #stop: Promise<void> | null = null;
  #isGone = false;
  /** Notices that are on their way; `null` while they come at once. */
  #late: Notice[] | null = null;
  /** What a frozen node does when it thaws. */
  #held: (() => void)[] = [];

  /**
   * @param now - the clock of the process
   * @param readsFromReplicas - reads go to the replica, but for those that ask for the primary
   */
  constructor(redis: RedisInMemory, now: () => number, readsFromReplicas = false) {
    this.#redis = redis;
    this.#now = now;
    this.readsFromReplicas = readsFromReplicas;
  }

  get link(): LinkState {
    return this.#link;
  }

  /** Cuts the link, or mends it. */
  set link(link: LinkState) {
    const was = this.#link;
    this.#link = link;
    if (link !== 'open') this.#doubtedSince ??= this.#now();
    if (was === 'frozen') this.#thaw();
    if (link !== 'open' && was === 'open') this.#loseNotices();
    if (link !== 'open' || was === 'open') return;
    for (const one of this.#listeners) one.onHearing();
    for (const listener of this.#recovery) listener();
  }

  /** Whether notices come as soon as they are told. */
  get isPrompt(): boolean {
    return this.#late === null;
  }

  async run(name: string, args: readonly Argument[], options: RunOptions): Promise<unknown> {
    const isReplica = this.readsFromReplicas && READS.has(name) && options.onPrimary !== true;
    await this.#wait();
    const texts = args.map(binaryOf);
    if (this.#link === 'frozen' && !isReplica) this.#held.push(() => this.#redis.run(name, texts));
    if (!this.#reaches(isReplica)) throw this.#failure();
    const switches = this.#switches;
    const reply = isReplica ? this.#redis.runOnReplica(name, texts) : this.#redis.run(name, texts);
    await this.#wait();
    // It may have been cut meanwhile, or be of a node that is not the primary any more.
    const isOfFormer = !isReplica && switches !== this.#switches;
    if (isOfFormer || !this.#hears(isReplica)) throw this.#failure();
    return bytesOf(reply);
  }

  onDataAtRisk(listener: (soundUntil: number) => void): Stop {
    this.#atRisk.add(listener);
    return () => this.#atRisk.delete(listener);
  }

  onRecovery(listener: () => void): Stop {
    this.#recovery.add(listener);
    return () => this.#recovery.delete(listener);
  }

  listen(
    channel: string,
    onMessage: (message: string) => void,
    onHearing: () => void,
    onLost: () => void,
  ): Promise<Stop> {
    if (this.#link !== 'open') return Promise.reject(this.#failure());
    const listener = { channel, onMessage, onHearing, onLost };
    this.#listeners.add(listener);
    onHearing();
    return Promise.resolve(() => this.#listeners.delete(listener));
  }

  /** The primary is another one now: the connection to the one before is closed, with what was on its way. */
  tellOfSwitch(): void {
    this.#switches++;
    if (this.#link === 'open') {
      this.#loseNotices();
      for (const one of this.#listeners) one.onHearing();
    }
    for (const listener of this.#atRisk) listener(this.#doubtedSince ?? this.#now());
    if (this.#link === 'open') this.#doubtedSince = null;
  }

  /** Redis takes writes again. */
  tellOfRecovery(): void {
    for (const listener of this.#recovery) listener();
  }

  /** Notices are late from now on. */
  delayNotices(): void {
    this.#late ??= [];
  }

  /** What is late arrives, in its order, and notices come at once again. */
  deliverNotices(): void {
    const late = this.#late ?? [];
    this.#late = null;
    for (const notice of late) this.#tell(notice);
  }

  /** Delivers a message. */
  tell(channel: string, message: string): void {
    if (this.#link !== 'open') return;
    if (this.#late === null) this.#tell({ channel, message });
    else this.#late.push({ channel, message });
  }

  /** Another node is the primary now: what the frozen one does when it thaws changes nothing. */
  forgetHeld(): void {
    this.#held = [];
  }

  /** Stops what is on its way, commands and answers, until what this returns is called. */
  stopAll(): () => void {
    let goOn = (): void => undefined;
    this.#stop = new Promise((resolve) => {
      goOn = () => {
        this.#stop = null;
        resolve();
      };
    });
    return goOn;
  }

  /** The process has ended: nothing reaches Redis any more, and no answer reaches it. */
  end(): void {
    this.#isGone = true;
    this.#listeners.clear();
  }

  #thaw(): void {
    const held = this.#held;
    this.#held = [];
    for (const run of held) run();
  }

  #tell({ channel, message }: Notice): void {
    const text = Buffer.from(message, 'latin1').toString();
    for (const one of [...this.#listeners]) if (one.channel === channel) one.onMessage(text);
  }

  #loseNotices(): void {
    if (this.#late !== null) this.#late = [];
    for (const one of this.#listeners) one.onLost();
  }

  #reaches(isReplica: boolean): boolean {
    if (this.#isGone) return false;
    return (
      this.#link === 'open' || this.#link === 'deaf' || (this.#link === 'replica' && isReplica)
    );
  }

  #hears(isReplica: boolean): boolean {
    return this.#link !== 'deaf' && this.#reaches(isReplica);
  }

  #failure(): Error {
    return this.#isGone ? new ProcessGone() : new CommandTimeoutError('no answer');
  }

  async #wait(): Promise<void> {
    for (let left = this.pauses(); left > 0; left--) await Promise.resolve();
    if (this.#stop !== null) await this.#stop;
  }
}

const NOT_ASCII = /[^\0-\x7f]/;

function binaryOf(argument: Argument): string {
  if (typeof argument === 'number') return String(argument);
  if (typeof argument !== 'string') return argument.toString('latin1');
  return NOT_ASCII.test(argument) ? Buffer.from(argument).toString('latin1') : argument;
}

function bytesOf(reply: Reply): unknown {
  const error = errorOf(reply);
  if (error !== null) {
    throw new CommandRejectedError(error, { reply: replyPrefix(new Error(error)) });
  }
  if (typeof reply === 'string') return Buffer.from(reply, 'latin1');
  if (Array.isArray(reply)) return reply.map(bytesOf);
  return reply !== null && typeof reply === 'object' && 'ok' in reply
    ? Buffer.from(reply.ok)
    : reply;
}
