import { addressKey, type NodeAddress } from '../../base/address/index.js';
import {
  containFaults,
  type AddressMapper,
  type ResolvedSentinelOptions,
} from '../../config/index.js';
import { unnamed } from '../connection/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { Doubts } from './doubts.js';
import { planTopology, type KnownPrimary } from './plan-topology.js';
import { SentinelLink } from './sentinel-link.js';
import type { SentinelMessage } from './sentinel-message.js';
import type { SentinelView } from './sentinel-view.js';
import type { SentinelStatus, TopologySource, TopologySourceListener } from './topology-source.js';

const MAX_SENTINELS = 32;

/**
 * All Sentinels of one group. Subscribes to each of them and asks each of them: the configured ones
 * always, the discovered ones for as long as they answer or another Sentinel lists them. Follows what
 * they agree on, not the first answer.
 */
export class SentinelSource implements TopologySource {
  readonly #options: ResolvedSentinelOptions;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #links = new Map<string, SentinelLink>();
  readonly #seeds: ReadonlySet<string>;
  readonly #doubts: Doubts;
  readonly #mapAddress: AddressMapper;
  #listener: TopologySourceListener | null = null;
  #known: KnownPrimary | null = null;
  #firstViewAt: number | null = null;
  #outdatedSince: number | null = null;
  #isUrgent = false;
  #stopPoll: Stop | null = null;
  #stopPatience: Stop | null = null;

  constructor(options: ResolvedSentinelOptions, clock: Clock, bus: EventBus) {
    this.#options = options;
    this.#clock = clock;
    this.#bus = bus;
    this.#doubts = new Doubts(bus);
    this.#mapAddress = containFaults(options.sentinel.mapAddress, (problem) => {
      this.#doubts.raise(problem);
    });
    this.#seeds = new Set(options.sentinel.nodes.map(addressKey));
  }

  start(listener: TopologySourceListener): void {
    this.#listener = listener;
    for (const address of this.#options.sentinel.nodes) this.#open(address);
    this.#schedulePoll();
  }

  async lookAgain(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.ask()));
  }

  setUrgent(isUrgent: boolean): void {
    if (this.#isUrgent === isUrgent || this.#listener === null) return;
    this.#isUrgent = isUrgent;
    this.#schedulePoll();
    if (isUrgent) void this.lookAgain();
  }

  sentinels(): readonly SentinelStatus[] {
    return [...this.#links.values()].map((link) => ({
      address: link.address,
      isAnswering: link.view !== null,
      isSubscribed: link.isSubscribed,
      problem: link.problem,
    }));
  }

  views(): readonly SentinelView[] {
    return [...this.#links.values()].map((link) => link.view).filter((view) => view !== null);
  }

  askSentinel(
    choose: (view: SentinelView) => boolean,
    name: string,
    ...args: readonly string[]
  ): Promise<unknown> | null {
    for (const link of this.#links.values()) {
      if (link.view === null || !choose(link.view)) continue;
      const answer = link.command(name, ...args);
      if (answer !== null) return answer;
    }
    return null;
  }

  close(): void {
    this.#listener = null;
    this.#stopPoll?.();
    this.#stopPatience?.();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #open(address: NodeAddress): void {
    const key = addressKey(address);
    // The limit is for a faulty Sentinel that lists hundreds of others.
    if (this.#links.has(key) || this.#links.size >= MAX_SENTINELS) return;
    const link = new SentinelLink(address, this.#options, this.#clock, {
      onMessage: (message, from) => {
        this.#onMessage(message, from);
      },
      onView: (view) => {
        this.#onView(view);
      },
      onConnected: () => {
        this.#bus.emit({ type: 'sentinel.connected', sentinel: address });
      },
      onLost: (reason) => {
        this.#bus.emit({ type: 'sentinel.lost', sentinel: address, reason });
      },
      onUnnamed: (reason) => {
        this.#doubts.raise(unnamed(this.#options.node.clientName, reason));
      },
    });
    this.#links.set(key, link);
    link.open();
  }

  #schedulePoll(): void {
    this.#stopPoll?.();
    const { pollIntervalMs, fastPollIntervalMs } = this.#options.sentinel;
    this.#stopPoll = this.#clock.every(this.#isUrgent ? fastPollIntervalMs : pollIntervalMs, () => {
      void this.lookAgain();
    });
  }

  #onMessage(message: SentinelMessage, from: SentinelLink): void {
    this.#listener?.onMessage(message);
    // The message contains no epoch, so the Sentinel that sent it is asked for the epoch it has now.
    if (message.kind === 'switch') void from.ask();
  }

  #onView(view: SentinelView): void {
    if (this.#listener === null) return;
    this.#firstViewAt ??= this.#startPatience();
    this.#discover(view);
    this.#decide();
    this.#listener.onViews(this.views());
  }

  // At the start less than a majority is not followed, unless the others do not answer in this time.
  #startPatience(): number {
    this.#stopPatience = this.#clock.after(this.#options.sentinel.commandTimeoutMs, () => {
      this.#decide();
    });
    return this.#clock.now();
  }

  #decide(): void {
    const now = this.#clock.now();
    const waitedMs = now - (this.#firstViewAt ?? now);
    const views = this.views();
    const plan = planTopology({
      known: this.#known,
      views,
      outdatedForMs: this.#outdatedForMs(views, now),
      sentinelCount: this.#links.size,
      isPatienceOver: waitedMs >= this.#options.sentinel.commandTimeoutMs - 1,
    });
    if (plan.kind === 'wait') return;
    this.#known = { address: plan.primary, epoch: plan.epoch };
    this.#listener?.onTopology(plan.primary, plan.epoch, plan.replicas);
  }

  #outdatedForMs(views: readonly SentinelView[], now: number): number {
    const known = this.#known?.epoch ?? -1;
    if (views.some(({ epoch }) => epoch >= known)) this.#outdatedSince = null;
    else this.#outdatedSince ??= now;
    return this.#outdatedSince === null ? 0 : now - this.#outdatedSince;
  }

  #discover(view: SentinelView): void {
    const answeringIds = new Set(this.views().map(({ id }) => id));
    for (const other of view.otherSentinels) {
      // The same Sentinel at another address is not a second one.
      if (!answeringIds.has(other.id)) this.#open(this.#mapAddress(other.address));
    }
    this.#forgetNeedless();
  }

  // A discovered Sentinel is dropped when it is a configured one at another address, or when it does
  // not answer and no other lists it any more. Configured ones are never dropped.
  #forgetNeedless(): void {
    const listed = this.#listedKeys();
    const seedIds = this.#seedIds();
    for (const [key, link] of this.#links) {
      if (this.#seeds.has(key)) continue;
      const isNeedless = link.view === null ? !listed.has(key) : seedIds.has(link.view.id);
      if (!isNeedless) continue;
      link.close();
      this.#links.delete(key);
    }
  }

  #listedKeys(): ReadonlySet<string> {
    const listed = this.views().flatMap(({ otherSentinels }) => otherSentinels);
    return new Set(listed.map(({ address }) => addressKey(this.#mapAddress(address))));
  }

  #seedIds(): ReadonlySet<string> {
    const seeds = [...this.#links].filter(([key]) => this.#seeds.has(key));
    const ids = seeds.map(([, { view }]) => view?.id ?? '');
    return new Set(ids.filter((id) => id !== ''));
  }
}
