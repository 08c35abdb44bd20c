import type { ResolvedSentinelOptions } from '../../../config/index.js';
import type { NodeRole } from '../../connection/index.js';
import type { EventBus } from '../../../base/events/index.js';
import type { Clock, Stop } from '../../../base/timing/index.js';
import type { LookUp } from './configured-sentinels.js';
import { describeRole } from './describe-role.js';
import { explainUnknown } from './explain-unknown.js';
import { planTopology, type KnownPrimary } from './plan-topology.js';
import { reportOf, type SentinelDesk } from './sentinel-desk.js';
import type { SentinelLink } from './sentinel-link.js';
import { SentinelLinks } from './sentinel-links.js';
import type { SentinelMessage } from './sentinel-message.js';
import type { SentinelView } from './sentinel-view.js';
import type { TopologySource, TopologySourceListener } from './topology-source.js';

/** What all Sentinels of one group say. Follows what they agree on, not the first answer. */
export class SentinelSource implements TopologySource {
  readonly #options: ResolvedSentinelOptions;
  readonly #clock: Clock;
  readonly #links: SentinelLinks;
  #listener: TopologySourceListener | null = null;
  #known: KnownPrimary | null = null;
  #firstViewAt: number | null = null;
  #outdatedSince: number | null = null;
  #isUrgent = false;
  #stopPoll: Stop | null = null;
  #stopPatience: Stop | null = null;

  constructor(options: ResolvedSentinelOptions, clock: Clock, bus: EventBus, lookUp?: LookUp) {
    this.#options = options;
    this.#clock = clock;
    this.#links = new SentinelLinks(
      options,
      { clock, bus, lookUp },
      {
        onMessage: (message, from) => {
          this.#onMessage(message, from);
        },
        onView: () => {
          this.#onView();
        },
        onRefused: () => {
          this.#listener?.onRefused();
        },
      },
    );
  }

  /** The Sentinels themselves. */
  get desk(): SentinelDesk {
    return this.#links;
  }

  start(listener: TopologySourceListener): void {
    this.#listener = listener;
    this.#links.open();
    this.#schedulePoll();
  }

  lookAgain(): Promise<void> {
    return this.#links.lookAgain();
  }

  setUrgent(isUrgent: boolean): void {
    if (this.#isUrgent === isUrgent || this.#listener === null) return;
    this.#isUrgent = isUrgent;
    this.#schedulePoll();
    if (isUrgent) void this.lookAgain();
  }

  get accessRefusedAt(): number | null {
    return this.#links.accessRefusedAt;
  }

  whyUnknown(): string {
    return explainUnknown(this.#links.statuses());
  }

  whyNotPrimary(role: NodeRole): string {
    return `${describeRole(role)}, and the Sentinels name no other primary yet`;
  }

  close(): void {
    this.#listener = null;
    this.#stopPoll?.();
    this.#stopPatience?.();
    this.#links.close();
  }

  #schedulePoll(): void {
    this.#stopPoll?.();
    const { pollIntervalMs, fastPollIntervalMs } = this.#options.sentinel;
    this.#stopPoll = this.#clock.every(this.#isUrgent ? fastPollIntervalMs : pollIntervalMs, () => {
      this.#links.review();
      void this.lookAgain();
    });
  }

  #onMessage(message: SentinelMessage, from: SentinelLink): void {
    this.#listener?.onStep(message);
    // The message contains no epoch, so the Sentinel that sent it is asked for the epoch it has now.
    if (message.kind === 'switch') void from.ask();
  }

  #onView(): void {
    this.#firstViewAt ??= this.#startPatience();
    this.#decide();
    this.#listener?.onReport(reportOf(this.#links.views()));
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
    const views = this.#links.views();
    const plan = planTopology({
      known: this.#known,
      views,
      outdatedForMs: this.#outdatedForMs(views, now),
      sentinelCount: this.#links.count,
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
}
