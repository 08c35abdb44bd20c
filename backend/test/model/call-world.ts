import { getEventListeners } from 'node:events';
import { EventBus } from '../../src/redis/base/events/index.js';
import { RedisHaError } from '../../src/redis/base/errors/index.js';
import { CommandRouter } from '../../src/redis/commands/shared/command-router.js';
import { intentOf, isRepeatable } from '../../src/redis/commands/table/command-intent.js';
import { CommandPayload } from '../../src/redis/commands/table/payloads.js';
import { TopologyTracker, type TopologySource } from '../../src/redis/cluster/topology/index.js';
import { sentinelOptions } from '../support/engine-rig.js';
import type { Step } from './histories.js';
import { ModelClock } from './model-clock.js';
import { ModelServer, REFUSALS, type RefusalName } from './model-server.js';
import { connectWiresTo } from './model-wire.js';

type SourceListener = Parameters<TopologySource['start']>[0];

const NAMES = ['get', 'set', 'incr', 'get', 'set', 'incr', 'hgetall', 'eval', 'keys'] as const;
const TIMEOUTS_MS = [20, 100, 1000, 8000];
const JUMPS_MS = [1, 5, 20, 110, 300, 1200, 4000];
const REFUSAL_NAMES = Object.keys(REFUSALS) as RefusalName[];

/** Thousands of writes in one turn, all answered with an error. */
export const FLOOD: Step = { op: 'flood', a: 0, b: 0, c: 0, isHasty: false };

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
  abort: 4,
  'lose an answer': 3,
  burst: 0.15,
};

const CHANGES = new Set<string>(['set', 'incr', 'eval']);

interface Outcome {
  readonly id: number;
  readonly name: string;
  readonly abort: AbortController | null;
  times: number;
  code: string | null;
}

const OPTIONS = sentinelOptions();
// What is promised as not executed.
const NOT_EXECUTED = new Set(['NO_PRIMARY', 'CLOSED', 'QUEUE_FULL', 'COMMAND_ABORTED']);

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
  readonly #outcomes: Outcome[] = [];
  #listener: SourceListener | null = null;
  #primary = 0;
  #epoch = 1;
  #wasFenced = false;

  constructor() {
    connectWiresTo(this.#servers);
    const bus = new EventBus();
    this.#tracker = new TopologyTracker(OPTIONS, this.#source(), this.clock, bus);
    this.#router = new CommandRouter(OPTIONS, this.#tracker, this.clock, bus);
    for (const server of this.#servers) {
      server.onArrival = (name) => {
        if (this.#wasFenced && CHANGES.has(name))
          this.faults.push(`${name} was sent past the fence`);
      };
    }
    this.#tracker.start();
    this.#nameThePrimary(0);
  }

  /** Runs a history, heals the cluster, and looks whether everything is as promised. */
  async run(history: readonly Step[]): Promise<string | null> {
    await this.#calmDown(3, 1);
    for (const step of history) {
      this.#apply(step);
      await callbacks();
      if (step.isHasty) continue;
      await turn();
      this.#wasFenced = this.#tracker.gate.state.kind === 'paused';
    }
    await turn();
    this.#wasFenced = false;
    await this.#heal();
    await this.#lookAfterwards();
    await this.#close();
    return this.faults[0] ?? null;
  }

  #apply({ op, a, b, c }: Step): void {
    // The primary has the most to go wrong.
    const server = this.#servers[a < 0.4 ? this.#primary : Math.floor(b * 3)] as ModelServer;
    switch (op) {
      case 'submit':
        this.#submit(pick(NAMES, a), pick(TIMEOUTS_MS, b), c < 0.1);
        // Nobody waits for it any more before it is written.
        if (c > 0.85) this.#outcomes.at(-1)?.abort?.abort();
        return;
      case 'flood':
        (this.#servers[this.#primary] as ModelServer).refusal = 'OOM';
        for (let n = 0; n < 11_000; n++) this.#submit('set', 8000);
        return;
      case 'lose an answer':
        server.serve(Infinity, false);
        server.reset('reset');
        return;
      case 'burst':
        for (let n = 0; n < 300; n++) this.#submit(b < 0.8 ? 'set' : 'get', pick(TIMEOUTS_MS, c));
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
        this.#nameThePrimary(Math.floor(a * 3));
        return;
      case 'abort':
        this.#abortOne(a);
        return;
    }
  }

  #submit(name: string, timeoutMs: number, isFaulty = false): Outcome {
    const id = this.#outcomes.length;
    const args = [id, isFaulty];
    const intent = intentOf(name, args);
    // A signal costs more than all the rest, so only some have one.
    const abort = id % 3 === 0 ? new AbortController() : null;
    const outcome: Outcome = { id, name, abort, times: 0, code: null };
    this.#outcomes.push(outcome);
    this.#router
      .execute(new CommandPayload(name, args, 'utf8'), intent, isRepeatable(intent, args), {
        timeoutMs,
        ...(abort === null ? {} : { signal: abort.signal }),
      })
      .then(
        () => {
          this.#settle(outcome, 'OK');
        },
        (error: unknown) => {
          this.#settle(outcome, RedisHaError.is(error) ? error.code : String(error));
        },
      );
    return outcome;
  }

  // Mostly one that is not over.
  #abortOne(dice: number): void {
    const open = this.#outcomes.filter(({ code, abort }) => code === null && abort !== null);
    const from = open.length > 0 ? open : this.#outcomes;
    from[Math.floor(dice * from.length)]?.abort?.abort();
  }

  #settle(outcome: Outcome, code: string): void {
    outcome.times++;
    outcome.code = code;
    const executed = this.#executions.counts.get(outcome.id) ?? 0;
    const what = `${outcome.name} no. ${String(outcome.id)}`;
    if (code === 'OK' && executed === 0) this.faults.push(`${what} succeeded and was not executed`);
    const isChange = outcome.name === 'set' || outcome.name === 'incr';
    const saysNo = NOT_EXECUTED.has(code) || code === 'COMMAND_REJECTED';
    if (isChange && saysNo && executed > 0) this.faults.push(`${what} was executed, but: ${code}`);
    const server = this.#executions.lastOn.get(outcome.id) as ModelServer | undefined;
    const primary = this.#tracker.primaryAddress;
    if (code === 'OK' && isChange && server?.address.port !== primary?.port) {
      this.faults.push(`${what} was acknowledged by a node that is not the primary any more`);
    }
  }

  #nameThePrimary(index: number): void {
    this.#primary = index;
    const primary = this.#servers[index] as ModelServer;
    for (const server of this.#servers) {
      server.isPrimary = server === primary;
      server.follows = server.isPrimary ? null : primary.address;
    }
    const others = this.#servers.filter((server) => server !== primary);
    this.#listener?.onTopology(
      primary.address,
      this.#epoch++,
      others.map(({ address }) => address),
    );
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
    this.#tracker.resumeWrites('the test is over');
    await this.#calmDown(4, 60);
    await this.#calmDown(4, 2500);
    await this.#calmDown(4, 60);
    // Thousands go in portions.
    for (let n = 0; n < 200 && this.#router.pending > 0; n++) await this.#calmDown(1, 1);
  }

  async #lookAfterwards(): Promise<void> {
    for (const { id, name, times, code } of this.#outcomes) {
      const what = `${name} no. ${String(id)}`;
      const executed = this.#executions.counts.get(id) ?? 0;
      if (times !== 1) this.faults.push(`${what} was settled ${String(times)} times`);
      if ((name === 'incr' || name === 'eval') && executed > 1) {
        this.faults.push(`${what} was executed ${String(executed)} times`);
      }
      if (code === 'CLOSED')
        this.faults.push(`${what} was refused although nobody closed anything`);
    }
    const { pending, waiting } = this.#router;
    if (pending + waiting.reads + waiting.writes > 0) {
      this.faults.push(`left over: ${JSON.stringify({ pending, waiting })}`);
    }
    for (const node of [this.#tracker.primary, ...this.#tracker.replicas]) {
      if ((node?.inflight ?? 0) > 0) this.faults.push('commands are still in flight');
    }
    const late = Array.from({ length: 12 }, (_, n) => this.#submit(n < 6 ? 'set' : 'get', 8000));
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
    const faulty = Array.from({ length: 10 }, () => this.#submit('set', 8000, true));
    await turn();
    this.#tracker.resumeWrites('the failover was given up');
    await this.#calmDown(4, 1);
    const slow = faulty.filter(({ code }) => code !== 'COMMAND_REJECTED');
    if (slow.length > 0) this.faults.push(`${String(slow.length)} of 10 writes wait for nothing`);
  }

  async #close(): Promise<void> {
    const closing = this.#router.close(100);
    this.clock.jump(100);
    await turn();
    await closing;
    this.#tracker.close();
    await turn();
    if (this.clock.pending > 0) this.faults.push(`${String(this.clock.pending)} timers are left`);
    const listening = this.#outcomes.filter(
      ({ abort }) => abort !== null && getEventListeners(abort.signal, 'abort').length > 0,
    );
    if (listening.length > 0) this.faults.push(`${String(listening.length)} listeners are left`);
  }

  #source(): TopologySource {
    return {
      start: (listener) => {
        this.#listener = listener;
      },
      lookAgain: () => Promise.resolve(),
      setUrgent: () => undefined,
      whyUnknown: () => 'nobody was asked',
      close: () => undefined,
    };
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
