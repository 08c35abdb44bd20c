import { formatAddress, type NodeAddress } from '../base/address/index.js';
import type { Clock, Stop } from '../base/timing/index.js';
import type { ConnectedOptions } from '../config/index.js';
import { shownCertificate } from '../cluster/connection/index.js';
import type { SentinelDesk, TopologyTracker } from '../cluster/topology/index.js';

/** The certificate of one server. */
export interface CertificateStatus {
  readonly address: NodeAddress;
  /** Until when it is good, in milliseconds since 1970. */
  readonly until: number;
}

/** What a {@link CertificateWatch} looks at. */
export interface CertificateWatchDeps {
  readonly tracker: TopologyTracker;
  readonly sentinels: SentinelDesk | null;
  readonly clock: Clock;
}

type Access = Parameters<typeof shownCertificate>[0]['access'];

const LOOK_EVERY_MS = 600_000;
// Connections mostly open several at a time, and a certificate may be replaced while they do.
const LOOK_AFTER_OPEN_MS = 1000;

/**
 * Knows until when the certificates of all nodes and Sentinels are good. A connection of its own looks each time, because
 * one that is open has the certificate of the day on which it was opened.
 */
export class CertificateWatch {
  readonly #options: ConnectedOptions;
  readonly #deps: CertificateWatchDeps;
  readonly #stops: Stop[] = [];
  #stopNext: Stop | null = null;
  #known = new Map<string, CertificateStatus>();

  constructor(options: ConnectedOptions, deps: CertificateWatchDeps) {
    this.#options = options;
    this.#deps = deps;
    if (options.node.tls === null && this.#sentinelAccess === null) return;
    const look = (): void => void this.#look();
    this.#stops = [
      deps.clock.every(LOOK_EVERY_MS, look),
      deps.tracker.onChange((_, change) => {
        if (change === 'opened') this.#lookSoon(look);
      }),
    ];
  }

  /** Those that have been seen; empty without TLS. */
  get certificates(): readonly CertificateStatus[] {
    return [...this.#known.values()];
  }

  /** Looks no more. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#stopNext?.();
  }

  get #sentinelAccess(): Access | null {
    const { mode } = this.#options;
    if (mode !== 'sentinel') return null;
    return this.#options.sentinel.tls === null ? null : this.#options.sentinel;
  }

  #lookSoon(look: () => void): void {
    this.#stopNext ??= this.#deps.clock.after(LOOK_AFTER_OPEN_MS, () => {
      this.#stopNext = null;
      look();
    });
  }

  async #look(): Promise<void> {
    const { tracker, sentinels } = this.#deps;
    const nodes = [tracker.primary, ...tracker.replicas].flatMap((node) =>
      node === null ? [] : [node.address],
    );
    const access = this.#sentinelAccess;
    const watching = access === null ? [] : (sentinels?.statuses() ?? []);
    const seen = await Promise.all([
      ...nodes.map((address) => this.#until(address, this.#options.node)),
      ...watching.map(({ address }) => this.#until(address, access ?? this.#options.node)),
    ]);
    this.#known = new Map(
      seen.flatMap((one) => (one === null ? [] : [[formatAddress(one.address), one] as const])),
    );
  }

  async #until(address: NodeAddress, access: Access): Promise<CertificateStatus | null> {
    const { node } = this.#options;
    const question = { access, address: this.#mapped(address), timeoutMs: node.connectTimeoutMs };
    const shown = await shownCertificate(question, this.#deps.clock);
    // Who does not answer just now has the certificate that it had.
    if (shown === null) return this.#known.get(formatAddress(address)) ?? null;
    return { address, until: shown.until };
  }

  #mapped(address: NodeAddress): NodeAddress {
    const options = this.#options;
    if (options.mode !== 'sentinel') return address;
    try {
      return options.sentinel.mapAddress(address);
    } catch {
      // The function of the user: whoever connects tells of it.
      return address;
    }
  }
}
