import { type NodeAddress } from '../../src/redis/base/address/index.js';
import {
  resolveOptions,
  type ResolvedSentinelOptions,
  type SentinelModeOptions,
} from '../../src/redis/config/index.js';
import { EventBus, type RedisHaEvent } from '../../src/redis/base/events/index.js';
import {
  BlockingCalls,
  CommandRouter,
  CommandRunner,
  ConfirmedWrites,
  PrimaryLoans,
} from '../../src/redis/commands/index.js';
import { ManualClock, waitUntil } from '../../src/redis/testing/index.js';
import {
  reportOf,
  TopologyTracker,
  type SentinelDesk,
  type SentinelStatus,
  type SentinelView,
  type TopologySource,
} from '../../src/redis/cluster/topology/index.js';
import type { FakeNode } from './fake-node.js';

type SourceListener = Parameters<TopologySource['start']>[0];
type FailoverStep = Parameters<SourceListener['onStep']>[0];

/** A topology source that reports what the test says. */
export class ScriptedSource implements TopologySource, SentinelDesk {
  isUrgent = false;
  isClosed = false;
  accessRefusedAt: number | null = null;
  lookedAgain = 0;
  currentViews: SentinelView[] = [];
  /** Replies to what is sent to a Sentinel; `null` as long as none can be reached. */
  onAsk: ((command: readonly string[]) => Promise<unknown>) | null = null;
  readonly asked: (readonly string[])[] = [];
  #listener: SourceListener | null = null;

  start(listener: SourceListener): void {
    this.#listener = listener;
  }
  lookAgain(): Promise<void> {
    this.lookedAgain++;
    return Promise.resolve();
  }
  setUrgent(isUrgent: boolean): void {
    this.isUrgent = isUrgent;
  }
  whyNotPrimary(): string {
    return 'is none';
  }
  whyUnknown(): string {
    return 'no Sentinel was asked';
  }
  statuses(): readonly SentinelStatus[] {
    return [];
  }
  views(): readonly SentinelView[] {
    return this.currentViews;
  }
  ask(
    choose: (view: SentinelView) => boolean,
    ...command: readonly string[]
  ): Promise<unknown> | null {
    if (this.onAsk === null || !this.currentViews.some(choose)) return null;
    this.asked.push(command);
    return this.onAsk(command);
  }
  close(): void {
    this.isClosed = true;
    this.#listener = null;
  }

  /** Reports this as what the Sentinels agree on. */
  say(primary: FakeNode | NodeAddress, epoch: number, replicas: readonly FakeNode[] = []): void {
    const address = 'host' in primary ? primary : primary.address;
    const others = replicas.map((node) => node.address);
    this.#listener?.onTopology(address, epoch, others);
  }
  publish(step: FailoverStep): void {
    this.#listener?.onStep(step);
  }
  /** Every Sentinel refuses the credentials. */
  refuse(at: number): void {
    this.accessRefusedAt = at;
    this.#listener?.onRefused();
  }
  tell(views: SentinelView[]): void {
    this.currentViews = views;
    this.#listener?.onReport(reportOf(views));
  }
}

/** Everything from the tracker to the runner, on a clock that stands still. */
export interface Rig {
  readonly options: ResolvedSentinelOptions;
  readonly clock: ManualClock;
  readonly bus: EventBus;
  readonly events: RedisHaEvent[];
  readonly source: ScriptedSource;
  readonly tracker: TopologyTracker;
  readonly router: CommandRouter;
  readonly loans: PrimaryLoans;
  readonly runner: CommandRunner;
  /** Waits in real time, while the clock stands still, until `look` returns something truthy. */
  until(look: () => unknown, what: string): Promise<void>;
  /** Lets time pass, slowly enough for the sockets to keep up. */
  pass(ms: number): Promise<void>;
  close(): void;
}

type RigOptions = Pick<SentinelModeOptions, 'node' | 'routing' | 'pools'>;

/** Builds the rooms; nothing connects until the source reports addresses. */
export function newRig(options: RigOptions = {}, clock = new ManualClock()): Rig {
  const resolved = sentinelOptions(options);
  const bus = new EventBus();
  const events: RedisHaEvent[] = [];
  bus.onAny((event) => events.push(event));
  const source = new ScriptedSource();
  const tracker = new TopologyTracker(resolved, source, clock, bus);
  const router = new CommandRouter(resolved, tracker, clock, bus);
  const loans = new PrimaryLoans(tracker, clock, bus, router);
  const { writeTimeoutMs } = resolved.routing;
  const blocking = new BlockingCalls(loans, clock, bus, writeTimeoutMs);
  const confirmed = new ConfirmedWrites(loans, clock, bus, writeTimeoutMs);
  tracker.start();
  return {
    options: resolved,
    clock,
    bus,
    events,
    source,
    tracker,
    router,
    loans,
    runner: new CommandRunner(router, { blocking, confirmed }, clock, writeTimeoutMs),
    until: (look, what) => until(clock, look, what),
    pass: (ms) => pass(clock, ms),
    close: () => {
      void loans.close();
      tracker.close();
    },
  };
}

/** Resolved options of Sentinel mode; the addresses of the Sentinels lead nowhere unless given. */
export function sentinelOptions(
  options: RigOptions & { readonly sentinel?: Partial<SentinelModeOptions['sentinel']> } = {},
): ResolvedSentinelOptions {
  const sentinel = { nodes: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], ...options.sentinel };
  const { options: resolved } = resolveOptions({
    pools: { writeSize: 3 },
    ...options,
    mode: 'sentinel',
    sentinel,
  });
  if (resolved.mode !== 'sentinel') throw new TypeError('the options do not lead to Sentinel mode');
  return resolved;
}

/** Waits in real time for what sockets do; runs timers that are due at this moment. */
export async function until(clock: ManualClock, look: () => unknown, what: string): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    await clock.advance(0);
    return Boolean(look());
  };
  await waitUntil(isSo, { what, timeoutMs: 2000, everyMs: 1 });
}

/** Moves the clock in small steps, with a few turns of the event loop in between. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5) {
    await clock.advance(Math.min(5, left));
    await turns(3);
  }
}

/** Waits for this many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Reports how a promise ended, without waiting for it: `pending` while it has not. */
export function track<T>(promise: Promise<T>): { state: string; value?: T; error?: unknown } {
  const seen: { state: string; value?: T; error?: unknown } = { state: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (error: unknown) => Object.assign(seen, { state: 'rejected', error }),
  );
  return seen;
}
