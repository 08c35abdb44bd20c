import type { NodeAddress } from '../../../base/address/index.js';
import type { ResolvedSentinelOptions } from '../../../config/index.js';
import {
  ReopeningWire,
  type ReopeningWireListener,
  type Wire,
  type WireOptions,
} from '../../connection/index.js';
import { safeMessage } from '../../../base/errors/index.js';
import type { Clock, Stop } from '../../../base/timing/index.js';
import { explainRefusal } from './explain-unknown.js';
import {
  parseSentinelMessage,
  SENTINEL_CHANNELS,
  type SentinelMessage,
} from './sentinel-message.js';
import { parseSentinelView, type SentinelAnswers, type SentinelView } from './sentinel-view.js';

/** The callbacks of a {@link SentinelLink}. */
export interface SentinelLinkListener {
  readonly onMessage: (message: SentinelMessage, from: SentinelLink) => void;
  readonly onView: (view: SentinelView, from: SentinelLink) => void;
  readonly onConnected: () => void;
  readonly onLost: (reason: string) => void;
  /** The Sentinel does not let a connection have its name. */
  readonly onUnnamed: (reason: string) => void;
}

/**
 * The connections to one Sentinel: one for questions and one for its messages, because RESP2 allows no
 * questions on a subscribed connection. Both have deadlines: a Sentinel that accepts a connection and
 * never answers counts as lost.
 */
export class SentinelLink {
  readonly address: NodeAddress;
  readonly #options: ResolvedSentinelOptions;
  readonly #clock: Clock;
  readonly #listener: SentinelLinkListener;
  readonly #questions: ReopeningWire;
  readonly #messages: ReopeningWire;
  #view: SentinelView | null = null;
  #answeredAt: number;
  #problem: string | null = null;
  #asking: Promise<void> | null = null;
  #askingAgain: Promise<void> | null = null;
  #isSubscribed = false;
  #stopMessageCheck: Stop | null = null;

  constructor(
    address: NodeAddress,
    options: ResolvedSentinelOptions,
    clock: Clock,
    listener: SentinelLinkListener,
  ) {
    this.address = address;
    this.#options = options;
    this.#clock = clock;
    this.#listener = listener;
    this.#answeredAt = clock.now();
    this.#questions = this.#newWire({
      onReady: () => {
        this.#listener.onConnected();
        void this.ask();
      },
      onClosed: (reason) => {
        this.#becomeUnsound(reason);
        this.#listener.onLost(reason);
      },
    });
    this.#messages = this.#newWire({
      onReady: (wire) => {
        void this.#subscribe(wire);
      },
      onClosed: () => {
        this.#isSubscribed = false;
        this.#stopMessageCheck?.();
      },
      onMessage: (channel, payload) => {
        const message = parseSentinelMessage(channel, payload, options.sentinel.masterName);
        if (message !== null) this.#listener.onMessage(message, this);
      },
    });
  }

  /** Its last view of the group; `null` while it does not answer. */
  get view(): SentinelView | null {
    return this.#view;
  }

  /** For how long it has not answered; 0 while it does. */
  get silentMs(): number {
    return this.#view === null ? this.#clock.now() - this.#answeredAt : 0;
  }

  /** What is wrong with it; `null` while it answers. */
  get problem(): string | null {
    return this.#problem;
  }

  /** When the last attempt to connect began, if it has refused the credentials for long enough to be believed; else `null`. */
  get accessRefusedAt(): number | null {
    return this.#questions.accessRefusedAt;
  }

  /** Whether its messages are received. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Opens both connections. */
  open(): void {
    this.#questions.open();
    this.#messages.open();
  }

  /** Asks it everything about our group. If a question is under way, waits for its answer and asks again. */
  async ask(): Promise<void> {
    if (this.#asking !== null) {
      // The answer under way may be older than the reason to ask, so it is asked once more.
      this.#askingAgain ??= this.#asking.then(() => {
        this.#askingAgain = null;
        return this.ask();
      });
      return this.#askingAgain;
    }
    this.#asking = this.#askOnce();
    await this.#asking;
    this.#asking = null;
  }

  /** Sends it any command, with the same deadline as a question. `null` if it is not connected. */
  command(name: string, ...args: readonly string[]): Promise<unknown> | null {
    const wire = this.#questions.ready;
    return wire === null ? null : this.#withDeadline(wire, () => wire.call(name, args));
  }

  /** Closes both connections and does not open them again. */
  close(): void {
    this.#stopMessageCheck?.();
    this.#questions.close('closing');
    this.#messages.close('closing');
  }

  async #askOnce(): Promise<void> {
    const wire = this.#questions.ready;
    if (wire === null) return;
    const name = this.#options.sentinel.masterName;
    const at = this.#clock.now();
    try {
      // One write for all questions, so that the answers show the state of one moment.
      const answers = await this.#withDeadline(wire, () => askAll(wire, name));
      const view = parseSentinelView(this.address, at, answers);
      if ('invalid' in view) this.#becomeUnsound(view.invalid);
      else this.#accept(view);
    } catch (error) {
      // When the connection was lost meanwhile, that is known better already.
      if (wire.isReady) this.#becomeUnsound(explainRefusal(safeMessage(error), name));
    }
  }

  #accept(view: SentinelView): void {
    this.#view = view;
    this.#answeredAt = view.at;
    this.#problem = null;
    this.#listener.onView(view, this);
  }

  #becomeUnsound(problem: string): void {
    this.#view = null;
    this.#problem = problem;
  }

  async #subscribe(wire: Wire): Promise<void> {
    try {
      await this.#withDeadline(wire, () => wire.subscribe('subscribe', SENTINEL_CHANNELS));
    } catch (error) {
      wire.destroy(safeMessage(error));
      return;
    }
    if (!wire.isReady) return;
    this.#isSubscribed = true;
    // Messages that were published before are lost, so the Sentinel is asked for its present view.
    void this.ask();
    this.#stopMessageCheck = this.#clock.every(this.#options.sentinel.pollIntervalMs, () => {
      this.#withDeadline(wire, () => wire.call('ping')).catch(() => {
        wire.destroy('PING not answered');
      });
    });
  }

  async #withDeadline<T>(wire: Wire, run: () => Promise<T>): Promise<T> {
    const stop = this.#clock.after(this.#options.sentinel.commandTimeoutMs, () => {
      wire.destroy('no answer in time');
    });
    try {
      return await run();
    } finally {
      stop();
    }
  }

  #newWire(listener: ReopeningWireListener): ReopeningWire {
    const options = { whose: 'sentinel' } as const;
    return new ReopeningWire(() => this.#wireOptions(), this.#clock, listener, options);
  }

  #wireOptions(): WireOptions {
    const { node, sentinel } = this.#options;
    return {
      address: this.address,
      access: sentinel,
      db: 0,
      keyPrefix: '',
      clientName: node.clientName,
      connectTimeoutMs: Math.min(node.connectTimeoutMs, sentinel.commandTimeoutMs),
      keepAliveMs: node.keepAliveMs,
      onUnnamed: this.#listener.onUnnamed,
    };
  }
}

async function askAll(wire: Wire, name: string): Promise<SentinelAnswers> {
  const ask = (...question: string[]): Promise<unknown> => wire.write('sentinel', question, 'utf8');
  const optional = (...question: string[]): Promise<unknown> => ask(...question).catch(() => null);
  const answers = Promise.all([
    ask('get-master-addr-by-name', name),
    ask('master', name),
    optional('replicas', name),
    optional('sentinels', name),
    optional('myid'),
  ]);
  wire.flush();
  const [address, master, replicas, sentinels, id] = await answers;
  return { address, master, replicas, sentinels, id };
}
