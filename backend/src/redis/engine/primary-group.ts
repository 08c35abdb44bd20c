import type { ConnectedOptions, CredentialsReport } from '../config/index.js';
import { SwitchoverFailedError } from '../base/errors/index.js';
import type { EventBus } from '../base/events/index.js';
import { RedisCalendar, type Clock } from '../base/timing/index.js';
import {
  BlockingCalls,
  CommandRouter,
  CommandRunner,
  ConfirmedWrites,
  PrimaryLoans,
  RawClients,
  Subscriptions,
} from '../commands/index.js';
import {
  switchover,
  type SwitchoverOptions,
  type SwitchoverReport,
} from '../cluster/switchover/index.js';
import {
  SentinelSource,
  StandaloneSource,
  TopologyTracker,
  type SentinelDesk,
  type TopologySource,
} from '../cluster/topology/index.js';
import { CalendarWatch } from './calendar-watch.js';
import { CertificateWatch } from './certificate-watch.js';
import { ClusterAdviser } from './cluster-adviser.js';
import { renewCredentials } from './renew-credentials.js';

/**
 * One primary with its replicas, and all that belongs to them: who is the primary, the ways of calls to the
 * nodes, connections that are lent, subscriptions, raw clients. A single Redis and a Sentinel group are one of
 * them; what does not depend on a primary, such as keyspaces and events, belongs to the engine.
 */
export class PrimaryGroup {
  readonly tracker: TopologyTracker;
  /** `null` where there are no Sentinels. */
  readonly sentinels: SentinelDesk | null;
  readonly router: CommandRouter;
  readonly runner: CommandRunner;
  readonly loans: PrimaryLoans;
  readonly subscriptions: Subscriptions;
  readonly rawClients: RawClients;
  /** The calendar of the primary. */
  readonly calendar: RedisCalendar;
  readonly certificateWatch: CertificateWatch;
  readonly #options: ConnectedOptions;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #adviser: ClusterAdviser;
  readonly #calendarWatch: CalendarWatch;
  readonly #closing = new AbortController();
  #switching: Promise<unknown> | null = null;

  constructor(options: ConnectedOptions, clock: Clock, bus: EventBus) {
    this.#options = options;
    this.#clock = clock;
    this.#bus = bus;
    const { writeTimeoutMs } = options.routing;
    const { source, sentinels } = newSource(options, clock, bus);
    this.sentinels = sentinels;
    this.tracker = new TopologyTracker(options, source, clock, bus);
    this.router = new CommandRouter(options, this.tracker, clock, bus);
    this.loans = new PrimaryLoans(this.tracker, clock, bus, this.router);
    const blocking = new BlockingCalls(this.loans, clock, bus, writeTimeoutMs);
    const confirmed = new ConfirmedWrites(this.loans, clock, bus, writeTimeoutMs);
    this.runner = new CommandRunner(this.router, { blocking, confirmed }, clock, writeTimeoutMs);
    const { node, near } = options;
    const nearPrefixes = near.prefixes.map((prefix) => node.keyPrefix + prefix);
    this.subscriptions = new Subscriptions(this.tracker, { ...node, nearPrefixes }, clock, bus);
    this.rawClients = new RawClients(options, this.tracker, clock, bus);
    this.calendar = new RedisCalendar(clock);
    this.#calendarWatch = new CalendarWatch(
      { tracker: this.tracker, calendar: this.calendar, clock, bus },
      options.node.maxClockSkewMs,
    );
    this.certificateWatch = new CertificateWatch(options, {
      tracker: this.tracker,
      sentinels,
      clock,
    });
    this.#adviser = new ClusterAdviser(options, this, bus);
  }

  /** Starts to connect and returns at once, whether or not Redis is there. */
  start(): void {
    this.tracker.start();
  }

  /** Sessions are kept in this Redis: its settings are read with other eyes. */
  noteSessions(): void {
    this.#adviser.noteSessions();
  }

  /** Has the living connections log in with the credentials that hold now. */
  renewCredentials(): Promise<CredentialsReport> {
    return renewCredentials(this.#options, this.#clock);
  }

  /** Moves the primary on purpose. Only one switchover may run at a time. */
  async switchover(options: SwitchoverOptions): Promise<SwitchoverReport> {
    const { sentinels } = this;
    if (this.#options.mode !== 'sentinel' || sentinels === null) {
      throw new SwitchoverFailedError('A switchover needs Sentinels; nothing was changed');
    }
    if (this.#switching !== null) {
      throw new SwitchoverFailedError('A switchover is under way already; nothing was changed');
    }
    const { masterName } = this.#options.sentinel;
    const [tracker, clock, bus] = [this.tracker, this.#clock, this.#bus];
    const closing = this.#closing.signal;
    const switching = switchover({ tracker, sentinels, clock, bus, masterName, closing }, options);
    this.#switching = switching;
    try {
      return await switching;
    } finally {
      this.#switching = null;
    }
  }

  /** Begins no further switchover, and has one that is under way undone as far as it can be. */
  beginClose(): void {
    this.#closing.abort();
  }

  /** Lets calls finish, shared and lent connections alike, while `leftMs` says that there is time. Then closes everything. */
  async close(leftMs: () => number): Promise<void> {
    this.beginClose();
    this.#adviser.close();
    this.#calendarWatch.close();
    this.certificateWatch.close();
    // A switchover that is under way needs the connections for what it undoes.
    await this.#switching?.catch(() => undefined);
    this.subscriptions.close();
    // Side by side: neither may use up the time of the other.
    await Promise.all([this.loans.close(leftMs()), this.router.close(leftMs())]);
    await this.rawClients.close(leftMs());
    this.tracker.close();
  }
}

interface Sources {
  readonly source: TopologySource;
  readonly sentinels: SentinelDesk | null;
}

function newSource(options: ConnectedOptions, clock: Clock, bus: EventBus): Sources {
  if (options.mode !== 'sentinel') {
    return { source: new StandaloneSource(options.address), sentinels: null };
  }
  const source = new SentinelSource(options, clock, bus);
  return { source, sentinels: source.desk };
}
