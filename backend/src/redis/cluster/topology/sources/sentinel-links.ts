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
import { namedTls, refusedByAll, unnamed } from '../../connection/index.js';
import type { Problem } from '../../../base/errors/index.js';
import type { EventBus } from '../../../base/events/index.js';
import type { Clock } from '../../../base/timing/index.js';
import { ConfiguredSentinels, type LookUp } from './configured-sentinels.js';
import { DiscoveredSentinels } from './discovered-sentinels.js';
import type { SentinelDesk, SentinelStatus } from './sentinel-desk.js';
import { SentinelLink } from './sentinel-link.js';
import type { SentinelMessage } from './sentinel-message.js';
import type { SentinelView } from './sentinel-view.js';

const MAX_SENTINELS = 32;

// Longer than a Sentinel needs to restart, and shorter than the 8 s that a write waits for a failover.
const CONFIGURED_SILENT_MS = 5000;

/** Who hears what Sentinels say. */
export interface SentinelLinksListener {
  readonly onMessage: (message: SentinelMessage, from: SentinelLink) => void;
  /** One has answered. */
  readonly onView: () => void;
  /** All have refused the credentials for long, and one has once more. */
  readonly onRefused: () => void;
}

/**
 * The Sentinels that are asked.
 *
 * Whoever may publish on a data node can have a Sentinel listed. So those that others list are only
 * remembered: they get neither a connection nor the password, and are not believed, unless none of the
 * configured ones has answered for a while. From then until one of those answers again, they are asked.
 */
export class SentinelLinks implements SentinelDesk {
  readonly #options: ResolvedSentinelOptions;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #listener: SentinelLinksListener;
  readonly #links = new Map<string, SentinelLink>();
  readonly #configured: ConfiguredSentinels;
  readonly #discovered = new DiscoveredSentinels(MAX_SENTINELS);
  readonly #mapAddress: AddressMapper;
  #silentSince: number | null = null;
  #lookedUpAt = 0;
  #isClosed = false;

  constructor(
    options: ResolvedSentinelOptions,
    {
      clock,
      bus,
      lookUp,
    }: { readonly clock: Clock; readonly bus: EventBus; readonly lookUp?: LookUp | undefined },
    listener: SentinelLinksListener,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#bus = bus;
    this.#listener = listener;
    this.#mapAddress = containFaults(options.sentinel.mapAddress, (problem) => {
      bus.doubt(problem);
    });
    this.#configured = new ConfiguredSentinels(options.sentinel, lookUp);
  }

  /** Opens connections to the configured ones. */
  open(): void {
    this.#silentSince = this.#clock.now();
    for (const address of this.#configured.addresses) this.#open(address);
    if (this.#configured.hasNames) void this.#lookUpNames();
  }

  /** How many there are, whether they answer or not. */
  get count(): number {
    return this.#links.size + this.#configured.openNames;
  }

  /** A moment since which all of them have refused the credentials; `null` while one may let us in. */
  get accessRefusedAt(): number | null {
    if (this.#configured.openNames > 0) return null;
    return refusedByAll([...this.#links.values()]);
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

  async lookAgain(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.ask()));
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

  /** Looks who else is to be asked. Must be called now and then. */
  review(): void {
    this.#askDiscoveredAfterSilence();
    this.#lookUpNamesAgain();
  }

  /** Closes all connections and opens none again. */
  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #open(address: NodeAddress): void {
    const key = addressKey(address);
    if (this.#links.has(key)) return;
    const options = withTlsName(this.#options, this.#configured.nameOf(address));
    const link = new SentinelLink(address, options, this.#clock, {
      onMessage: this.#listener.onMessage,
      onView: (_, from) => {
        this.#onView(from);
      },
      onConnected: () => {
        this.#bus.emit({ type: 'sentinel.connected', sentinel: address });
      },
      onLost: (reason) => {
        this.#bus.emit({ type: 'sentinel.lost', sentinel: address, reason });
        if (this.accessRefusedAt !== null) this.#listener.onRefused();
      },
      onUnnamed: (reason) => {
        this.#bus.doubt(unnamed(this.#options.node.clientName, reason));
      },
    });
    this.#links.set(key, link);
    link.open();
  }

  #onView(from: SentinelLink): void {
    if (this.#isClosed) return;
    if (this.#isConfigured(from)) this.#leaveDiscovered();
    if (this.#options.sentinel.discover) this.#discover();
    this.#listener.onView();
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
    if (this.#isClosed) return;
    const { addresses } = this.#configured;
    for (const address of addresses) this.#open(address);
    this.#dropUnneeded();
    // A name without an address is reported as a lost Sentinel.
    const isComplete = !addresses.some(({ host }) => isHostName(host));
    if (isComplete && addresses.length < MIN_SENTINELS) this.#bus.doubt(tooFewFound(addresses));
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
