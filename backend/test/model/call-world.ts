import type { NodeAddress } from '../../src/redis/base/address/index.js';
import { EventBus } from '../../src/redis/base/events/index.js';
import { CommandRouter } from '../../src/redis/commands/shared/command-router.js';
import { TopologyTracker } from '../../src/redis/cluster/topology/index.js';
import { sentinelOptions } from '../support/engine-rig.js';
import type { Step } from './histories.js';
import { ModelCalls } from './model-calls.js';
import { ModelClock } from './model-clock.js';
import { ModelSentinels } from './model-sentinels.js';
import { ModelServer, REFUSALS, type RefusalName } from './model-server.js';
import { connectWiresTo } from './model-wire.js';

const NAMES = [
  'get',
  'set',
  'incr',
  'get',
  'set',
  'incr',
  'hgetall',
  'eval',
  'keys',
  'multi',
] as const;
const TIMEOUTS_MS = [20, 100, 1000, 8000];
const JUMPS_MS = [1, 5, 20, 110, 300, 1200, 4000];
const REFUSAL_NAMES = Object.keys(REFUSALS) as RefusalName[];

const CALM = { b: 0.9, c: 0.5, isHasty: false };
const SERVE: Step = { op: 'serve all', a: 0, ...CALM };

/** A write that shows that writes are accepted, and then thousands in one turn, all answered with an error. */
export const FLOOD: readonly Step[] = [
  { op: 'submit', a: 0.15, ...CALM },
  SERVE,
  { op: 'flood', a: 0, ...CALM },
  SERVE,
];

/** How often each step comes. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  submit: 30,
  serve: 25,
  'serve all': 8,
  jump: 12,
  reset: 4,
  'break a pipe': 2,
  freeze: 3,
  thaw: 4,
  refuse: 4,
  accept: 5,
  fence: 2,
  lift: 2,
  switch: 2,
  'switch half': 1.5,
  'hear of it': 1.5,
  abort: 4,
  'lose an answer': 3,
  burst: 0.15,
  close: 0.15,
};

const CHANGES = new Set<string>(['set', 'incr', 'eval', 'multi']);

const MAX_TURNS_LATE = 50;
const OPTIONS = sentinelOptions();
/** A cluster of three servers and everything from the tracker to the router, moved step by step. */
export class CallWorld {
  readonly clock = new ModelClock();
  readonly faults: string[] = [];
  readonly #executions = { counts: new Map<number, number>(), lastOn: new Map() };
  readonly #servers = [1, 2, 3].map(
    (n) => new ModelServer({ host: '127.0.0.1', port: n }, this.#executions),
  );
  readonly #tracker: TopologyTracker;
  readonly #router: CommandRouter;
  readonly #calls: ModelCalls;
  readonly #sentinels: ModelSentinels;
  #primary = 0;
  #closing: Promise<void> | null = null;
  #wasFenced = false;

  constructor() {
    connectWiresTo(this.#servers);
    const bus = new EventBus();
    const [one, ...others] = this.#servers.map(({ address }) => address);
    this.#sentinels = new ModelSentinels([one as NodeAddress, ...others]);
    this.#tracker = new TopologyTracker(OPTIONS, this.#sentinels, this.clock, bus);
    this.#router = new CommandRouter(OPTIONS, this.#tracker, this.clock, bus);
    this.#calls = new ModelCalls({
      router: this.#router,
      clock: this.clock,
      executions: this.#executions,
      primaryPort: () => this.#tracker.primaryAddress?.port,
      report: (fault) => this.faults.push(fault),
    });
    for (const server of this.#servers) {
      server.onArrival = (name) => {
        if (this.#wasFenced && CHANGES.has(name))
          this.faults.push(`${name} was sent past the fence`);
      };
    }
    this.#tracker.start();
    this.#nameThePrimary(0, 3);
  }

  /** Runs a history, heals the cluster, and looks whether everything is as promised. */
  async run(history: readonly Step[]): Promise<string | null> {
    await this.#calmDown(3, 1);
    for (const step of history) {
      this.#apply(step);
      await callbacks();
      if (step.isHasty) continue;
      await turn();
      if (step.c < 0.5) await this.#lookAtDeadlines();
      this.#wasFenced = this.#tracker.gate.state.kind === 'paused';
    }
    await turn();
    this.#wasFenced = false;
    await this.#heal();
    const wasClosed = this.#closing !== null;
    if (!wasClosed) await this.#lookAfterwards();
    await this.#close();
    this.#calls.lookAtTheEnd(wasClosed);
    return this.faults[0] ?? null;
  }

  // A process that was busy takes in what has arrived, for some turns, before it calls anything late.
  async #lookAtDeadlines(): Promise<void> {
    for (let n = 0; n < MAX_TURNS_LATE && this.#calls.late.length > 0; n++) await turn();
    const [first] = this.#calls.late;
    if (first !== undefined) this.faults.push(`${first} is open after its deadline`);
  }

  #apply({ op, a, b, c }: Step): void {
    // The primary has the most to go wrong.
    const server = this.#servers[a < 0.4 ? this.#primary : Math.floor(b * 3)] as ModelServer;
    switch (op) {
      case 'submit':
        this.#calls.submit(pick(NAMES, a), pick(TIMEOUTS_MS, b), c < 0.1);
        // Nobody waits for it any more before it is written.
        if (c > 0.85) this.#calls.abortLast();
        return;
      case 'flood':
        (this.#servers[this.#primary] as ModelServer).refusal = 'OOM';
        for (let n = 0; n < 11_000; n++) this.#calls.submit('set', 8000);
        return;
      case 'lose an answer':
        server.serve(Infinity, false);
        server.reset('reset');
        // What it has done once it may refuse when it is asked again.
        if (a > 0.6 || b > 0.7) server.refusal = pick(REFUSAL_NAMES, c);
        return;
      case 'burst':
        for (let n = 0; n < 300; n++)
          this.#calls.submit(b < 0.8 ? 'set' : 'get', pick(TIMEOUTS_MS, c));
        return;
      case 'serve':
        server.serve(1 + Math.floor(c * 20), c < 0.8);
        return;
      case 'serve all':
        this.#serveAll();
        return;
      case 'jump':
        this.clock.jump(pick(JUMPS_MS, a));
        return;
      case 'reset':
        server.reset('reset');
        return;
      case 'break a pipe':
        server.isBroken = true;
        return;
      case 'freeze':
        server.isFrozen = true;
        return;
      case 'thaw':
        server.thaw();
        return;
      case 'refuse':
        server.refusal = pick(REFUSAL_NAMES, c);
        return;
      case 'accept':
        server.refusal = null;
        return;
      case 'fence':
        this.#tracker.pauseWrites({ by: 'sentinel', step: '+selected-slave' });
        return;
      case 'lift':
        this.#wasFenced = false;
        this.#tracker.resumeWrites('the failover was given up');
        return;
      case 'switch':
        this.#wasFenced = false;
        this.#nameThePrimary(Math.floor(a * 3), 3);
        return;
      case 'switch half':
        this.#wasFenced = false;
        this.#nameThePrimary(Math.floor(a * 3), 1 + Math.floor(b * 2));
        return;
      case 'hear of it':
        this.#wasFenced = false;
        if (c < 0.5) this.#sentinels.catchUp();
        this.#hear([0, 1, 2].filter((n) => [a, b, 1 - a][n]! < 0.6));
        return;
      case 'close':
        this.#closing ??= this.#router.close(100);
        return;
      case 'abort':
        this.#calls.abortOne(a);
        return;
    }
  }

  #nameThePrimary(index: number, knowers: number): void {
    this.#primary = index;
    const primary = this.#servers[index] as ModelServer;
    for (const server of this.#servers) {
      server.isPrimary = server === primary;
      server.follows = server.isPrimary ? null : primary.address;
    }
    this.#sentinels.promote(primary.address, knowers);
    this.#hear([0, 1, 2]);
  }

  // Whatever they say: nobody goes back to an older epoch.
  #hear(numbers: readonly number[]): void {
    const before = this.#tracker.epoch;
    this.#sentinels.answer(numbers);
    const { epoch } = this.#tracker;
    if (epoch < before) {
      this.faults.push(`it followed epoch ${String(epoch)} after epoch ${String(before)}`);
    }
  }

  #serveAll(): void {
    for (const server of this.#servers) server.serve(Infinity, true);
  }

  async #calmDown(times: number, ms: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      this.clock.jump(ms);
      await turn();
      this.#serveAll();
      await turn();
    }
  }

  async #heal(): Promise<void> {
    for (const server of this.#servers) {
      server.thaw();
      server.refusal = null;
      if (server.isBroken) server.reset('broken');
    }
    this.#sentinels.catchUp();
    this.#hear([0, 1, 2]);
    this.#tracker.resumeWrites('the test is over');
    await this.#calmDown(4, 60);
    await this.#calmDown(4, 2500);
    await this.#calmDown(4, 60);
    // Thousands go in portions.
    for (let n = 0; n < 200 && this.#router.pending > 0; n++) await this.#calmDown(1, 1);
  }

  async #lookAfterwards(): Promise<void> {
    const { pending, waiting } = this.#router;
    if (pending + waiting.reads + waiting.writes > 0) {
      this.faults.push(`left over: ${JSON.stringify({ pending, waiting })}`);
    }
    for (const node of [this.#tracker.primary, ...this.#tracker.replicas]) {
      if ((node?.inflight ?? 0) > 0) this.faults.push('commands are still in flight');
    }
    const late = Array.from({ length: 12 }, (_, n) =>
      this.#calls.submit(n < 6 ? 'set' : 'get', 8000),
    );
    await this.#calmDown(6, 1);
    const bad = late.find(({ code }) => code !== 'OK');
    if (bad !== undefined) {
      this.faults.push(
        `after everything is well again a new ${bad.name} ends as ${String(bad.code)}`,
      );
    }
    await this.#lookAtRejectedOnes();
  }

  // Those that wait go together as soon as the first was answered, whatever the answer.
  async #lookAtRejectedOnes(): Promise<void> {
    this.#tracker.pauseWrites({ by: 'sentinel', step: '+selected-slave' });
    const faulty = Array.from({ length: 10 }, () => this.#calls.submit('set', 8000, true));
    await turn();
    this.#tracker.resumeWrites('the failover was given up');
    await this.#calmDown(4, 1);
    const slow = faulty.filter(({ code }) => code !== 'COMMAND_REJECTED');
    if (slow.length > 0) this.faults.push(`${String(slow.length)} of 10 writes wait for nothing`);
  }

  async #close(): Promise<void> {
    this.#closing ??= this.#router.close(100);
    this.clock.jump(100);
    await turn();
    await this.#closing;
    this.#tracker.close();
    await turn();
    if (this.clock.pending > 0) this.faults.push(`${String(this.clock.pending)} timers are left`);
    this.#calls.lookForListeners();
  }
}

function pick<T>(from: readonly T[], dice: number): T {
  return from[Math.floor(dice * from.length)] as T;
}

/** The callbacks of promises that have settled. Nothing is flushed. */
async function callbacks(): Promise<void> {
  for (let n = 0; n < 4; n++) await Promise.resolve();
}

/** One turn of the event loop: what was written is flushed, and what watches comes after its input. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
