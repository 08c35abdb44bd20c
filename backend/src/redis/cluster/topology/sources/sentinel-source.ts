import {
  addressKey,
  formatAddress,
  isHostName,
  type NodeAddress,
} from '../../../base/address/index.js';
import {
  containFaults,
  MIN_SENTINELS,
  type AddressMapper,
  type ResolvedSentinelOptions,
} from '../../../config/index.js';
import { namedTls, refusedByAll, unnamed, type NodeRole } from '../../connection/index.js';
import type { Problem } from '../../../base/errors/index.js';
import type { EventBus } from '../../../base/events/index.js';
import type { Clock, Stop } from '../../../base/timing/index.js';
import { ConfiguredSentinels, type LookUp } from './configured-sentinels.js';
import { describeRole } from './describe-role.js';
import { DiscoveredSentinels } from './discovered-sentinels.js';
import { planTopology, type KnownPrimary } from './plan-topology.js';
import { explainUnknown } from './explain-unknown.js';
import { reportOf, type SentinelDesk, type SentinelStatus } from './sentinel-desk.js';
import { SentinelLink } from './sentinel-link.js';
import type { SentinelMessage } from './sentinel-message.js';
import type { SentinelView } from './sentinel-view.js';
import type { TopologySource, TopologySourceListener } from './topology-source.js';

const MAX_SENTINELS = 32;

// Longer than a Sentinel needs to restart, and shorter than the 8 s that a write waits for a failover.
const CONFIGURED_SILENT_MS = 5000;

/**
 * All Sentinels of one group. Subscribes to each of the configured ones and asks each of them. Follows
 * what they agree on, not the first answer.
 *
 * Whoever may publish on a data node can have a Sentinel listed. So those that others list are only
 * remembered: they get neither a connection nor the password, and are not believed, unless none of the
 * configured ones has answered for a while. From then until one of those answers again, they decide.
 */
export class SentinelSource implements TopologySource, SentinelDesk {
  readonly #options: ResolvedSentinelOptions;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #links = new Map<string, SentinelLink>();
  readonly #configured: ConfiguredSentinels;
  readonly #discovered = new DiscoveredSentinels(MAX_SENTINELS);
  readonly #mapAddress: AddressMapper;
  #listener: TopologySourceListener | null = null;
  #known: KnownPrimary | null = null;
  #firstViewAt: number | null = null;
  #outdatedSince: number | null = null;
  #silentSince: number | null = null;
  #lookedUpAt = 0;
  #isUrgent = false;
  #stopPoll: Stop | null = null;
  #stopPatience: Stop | null = null;

  constructor(options: ResolvedSentinelOptions, clock: Clock, bus: EventBus, lookUp?: LookUp) {
    this.#options = options;
    this.#clock = clock;
    this.#bus = bus;
    this.#mapAddress = containFaults(options.sentinel.mapAddress, (problem) => {
      bus.doubt(problem);
    });
    this.#configured = new ConfiguredSentinels(options.sentinel, lookUp);
  }

  start(listener: TopologySourceListener): void {
    this.#listener = listener;
    this.#silentSince = this.#clock.now();
    for (const address of this.#configured.addresses) this.#open(address);
    if (this.#configured.hasNames) void this.#lookUpNames();
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

  get accessRefusedAt(): number | null {
    if (this.#configured.openNames > 0) return null;
    return refusedByAll([...this.#links.values()]);
  }

  whyUnknown(): string {
    return explainUnknown(this.statuses());
  }

  whyNotPrimary(role: NodeRole): string {
    return `${describeRole(role)}, and the Sentinels name no other primary yet`;
  }

  statuses(): readonly SentinelStatus[] {
    return [...this.#links.values()].map((link) => ({
      address: link.address,
      isAnswering: link.view !== null,
      silentMs: link.silentMs,
      isSubscribed: link.isSubscribed,
      problem: link.problem,
    }));
  }

  views(): readonly SentinelView[] {
    return [...this.#links.values()].map((link) => link.view).filter((view) => view !== null);
  }

  ask(
    choose: (view: SentinelView) => boolean,
    ...args: readonly string[]
  ): Promise<unknown> | null {
    for (const link of this.#links.values()) {
      if (link.view === null || !choose(link.view)) continue;
      const answer = link.command('sentinel', ...args);
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
    if (this.#links.has(key)) return;
    const options = withTlsName(this.#options, this.#configured.nameOf(address));
    const link = new SentinelLink(address, options, this.#clock, {
      onMessage: (message, from) => {
        this.#onMessage(message, from);
      },
      onView: (_, from) => {
        this.#onView(from);
      },
      onConnected: () => {
        this.#bus.emit({ type: 'sentinel.connected', sentinel: address });
      },
      onLost: (reason) => {
        this.#bus.emit({ type: 'sentinel.lost', sentinel: address, reason });
        if (this.accessRefusedAt !== null) this.#listener?.onRefused();
      },
      onUnnamed: (reason) => {
        this.#bus.doubt(unnamed(this.#options.node.clientName, reason));
      },
    });
    this.#links.set(key, link);
    link.open();
  }

  #schedulePoll(): void {
    this.#stopPoll?.();
    const { pollIntervalMs, fastPollIntervalMs } = this.#options.sentinel;
    this.#stopPoll = this.#clock.every(this.#isUrgent ? fastPollIntervalMs : pollIntervalMs, () => {
      this.#askDiscoveredAfterSilence();
      this.#lookUpNamesAgain();
      void this.lookAgain();
    });
  }

  #onMessage(message: SentinelMessage, from: SentinelLink): void {
    this.#listener?.onStep(message);
    // The message contains no epoch, so the Sentinel that sent it is asked for the epoch it has now.
    if (message.kind === 'switch') void from.ask();
  }

  #onView(from: SentinelLink): void {
    if (this.#listener === null) return;
    if (this.#isConfigured(from)) this.#leaveDiscovered();
    this.#firstViewAt ??= this.#startPatience();
    if (this.#options.sentinel.discover) this.#discover();
    this.#decide();
    this.#listener.onReport(reportOf(this.views()));
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
      sentinelCount: this.#links.size + this.#configured.openNames,
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

  #isConfigured(link: SentinelLink): boolean {
    return this.#configured.has(link.address);
  }

  // The one that is missing may have moved to another address, or more may have started.
  #lookUpNamesAgain(): void {
    if (!this.#configured.hasNames) return;
    const configured = this.#configured.addresses;
    const answer = (address: NodeAddress): boolean =>
      (this.#links.get(addressKey(address))?.view ?? null) !== null;
    if (configured.length >= MIN_SENTINELS && configured.every(answer)) return;
    const isDue = this.#clock.now() - this.#lookedUpAt >= this.#options.sentinel.pollIntervalMs;
    if (isDue) void this.#lookUpNames();
  }

  async #lookUpNames(): Promise<void> {
    this.#lookedUpAt = this.#clock.now();
    await this.#configured.lookUp();
    if (this.#listener === null) return;
    const { addresses } = this.#configured;
    for (const address of addresses) this.#open(address);
    this.#dropUnneeded();
    // A name without an address is reported as a lost Sentinel.
    const isComplete = !addresses.some(({ host }) => isHostName(host));
    if (isComplete && addresses.length < MIN_SENTINELS) {
      this.#bus.doubt(tooFewFound(addresses));
    }
  }

  #discover(): void {
    const addresses = this.views().flatMap(({ otherSentinels }) =>
      otherSentinels.map(({ address }) => this.#mapAddress(address)),
    );
    this.#discovered.remember(addresses.filter((address) => !this.#configured.has(address)));
    this.#dropUnneeded();
  }

  // One that does not answer and is not listed any more is not asked any more.
  #dropUnneeded(): void {
    for (const [key, link] of this.#links) {
      const isNeeded = this.#isConfigured(link) || link.view !== null || this.#discovered.has(key);
      if (!isNeeded) this.#drop(key, link);
    }
  }

  #askDiscoveredAfterSilence(): void {
    const now = this.#clock.now();
    const isSilent = [...this.#links.values()].every(
      (link) => link.view === null || !this.#isConfigured(link),
    );
    if (!isSilent) this.#silentSince = null;
    else this.#silentSince ??= now;
    if (this.#silentSince === null || now - this.#silentSince < CONFIGURED_SILENT_MS) return;
    for (const address of this.#discovered.addresses) this.#open(address);
  }

  #leaveDiscovered(): void {
    this.#silentSince = null;
    for (const [key, link] of this.#links) {
      if (!this.#isConfigured(link)) this.#drop(key, link);
    }
  }

  #drop(key: string, link: SentinelLink): void {
    this.#links.delete(key);
    link.close();
  }
}

/** Returns options that check certificates against the name that is configured: they seldom hold the address it leads to. */
export function withTlsName(
  options: ResolvedSentinelOptions,
  name: string | null,
): ResolvedSentinelOptions {
  const { sentinel } = options;
  if (name === null || sentinel.tls === null) return options;
  return { ...options, sentinel: { ...sentinel, tls: namedTls(sentinel.tls, name) } };
}

function tooFewFound(addresses: readonly NodeAddress[]): Problem {
  return {
    field: 'sentinel.nodes',
    value: addresses.map(formatAddress).join(', '),
    message: 'stands for fewer than three Sentinels now, so one that is wrong cannot be outvoted',
    remedy:
      'Name what has the address of each Sentinel, such as a headless service; run three or more',
  };
}
