import { WarmUp } from '../../src/redis/cache/warming/warm-up.js';
import { keysUpTo, type WarmProcess, WarmRig } from '../support/warm-rig.js';
import type { Step } from './histories.js';

/** How often each operation comes. */
export const WARM_UP_WEIGHTS: Readonly<Record<string, number>> = {
  wait: 14,
  waitLong: 3,
  crash: 3,
  start: 4,
  stop: 1,
  cut: 2,
  mend: 4,
  lose: 1,
  loseUntold: 1,
  replicate: 2,
  failOver: 1,
  slow: 2,
  quick: 3,
  fail: 1,
  heal: 2,
  demand: 2,
  read: 8,
};

const KEYS = keysUpTo(220);
const PER_SECOND = 60;
const TAKEOVER_MS = 900;
const PROCESSES = 3;
const WAIT_MS = 700;
const STEP_MS = 50;
const LONG_MS = 4_000;
const LAST_MS = 30_000;
/** Longer than a source that has failed is left alone. */
const FAILED_MS = 60_000;

/** Several processes warm one namespace by one plan, while what a history says happens to them. */
export class WarmUpWorld {
  readonly #rig = new WarmRig();
  readonly #faults: string[] = [];
  readonly #live = new Set<Promise<unknown>>();
  #isDisturbed = false;
  #hasFailed = false;

  /** Returns what is wrong; `null` for nothing. */
  async run(history: readonly Step[]): Promise<string | null> {
    const rig = this.#rig;
    for (let no = 0; no < PROCESSES; no++) this.#start();
    for (const step of history) {
      await rig.clock.advance(STEP_MS);
      await this.#do(step);
      if (!step.isHasty) await this.#pass(step.c * WAIT_MS);
      if (this.#faults.length > 0) break;
    }
    if (this.#faults.length === 0) await this.#end();
    await rig.close();
    for (const one of this.#live) await one;
    return this.#faults[0] ?? null;
  }

  // In the end everything works, somebody is there, and what was lost is noticed.
  async #end(): Promise<void> {
    const rig = this.#rig;
    rig.sourceMs = () => 5;
    rig.fails = () => false;
    this.#mend();
    if (rig.processes.length === 0) this.#start();
    if (this.#hasFailed) {
      // What was given up begins again when somebody asks for it.
      await this.#pass(FAILED_MS);
      this.#demand(rig.processes[0]!);
    }
    await this.#pass(LAST_MS);
    const warm = new Set(rig.warmKeys);
    const cold = KEYS.filter((key) => !warm.has(key));
    if (cold.length > 0) {
      const states = rig.processes.map(({ cache }) => JSON.stringify(cache.warmUps[0]));
      this.#fault(`${String(cold.length)} keys stayed cold, such as ${cold[0]!}: ${states.join()}`);
    }
    const twice = [...rig.callsByKey].filter(([, calls]) => calls > 1);
    if (!this.#isDisturbed && twice.length > 0) this.#fault(`${twice[0]![0]} was loaded twice`);
  }

  async #do({ op, a, b }: Step): Promise<void> {
    const rig = this.#rig;
    const process = rig.processes[Math.floor(a * rig.processes.length)];
    if (!HARMLESS.has(op)) this.#isDisturbed = true;
    switch (op) {
      case 'wait':
        return this.#pass(b * WAIT_MS);
      case 'waitLong':
        return this.#pass(b * LONG_MS);
      case 'crash':
        return (leaderOf(rig.processes) ?? process)?.crash();
      case 'start':
        if (rig.processes.length < PROCESSES) this.#start();
        return;
      case 'stop':
        return process?.close();
      case 'cut': {
        const one = b < 0.5 ? (leaderOf(rig.processes) ?? process) : process;
        if (one !== undefined) one.port.link = 'cut';
        return;
      }
      case 'mend':
        return this.#mend();
      case 'lose':
        return rig.lose('reset');
      case 'loseUntold':
        return rig.lose('nothing');
      case 'replicate':
        return rig.redis.replicate();
      case 'failOver':
        return this.#failOver();
      case 'slow':
        rig.sourceMs = () => 20 + b * 400;
        return;
      case 'quick':
        rig.sourceMs = () => b * 10;
        return;
      case 'fail':
        this.#hasFailed = true;
        rig.fails = (key) => key.charCodeAt(key.length - 1) % 3 === 0;
        return;
      case 'heal':
        rig.fails = () => false;
        return;
      case 'demand':
        if (process !== undefined) this.#demand(process);
        return;
      default:
        if (process !== undefined) this.#read(process, b);
    }
  }

  #start(): void {
    const process = this.#rig.start([]);
    const { clock } = this.#rig;
    const load = this.#rig.loaderOf(process.name);
    const warmUp = process.cache.namespace('products').warmUp({
      name: 'plan',
      keys: ({ after }) => KEYS.filter((key) => after === null || key > after),
      load: (context) => {
        this.#checkLeaders();
        this.#checkRate(clock.now());
        return load(context);
      },
      perSecond: PER_SECOND,
      takeoverMs: TAKEOVER_MS,
      lookEveryMs: 2_000,
      restMs: 4_000,
      retries: 1,
      concurrency: 3,
    });
    if (warmUp instanceof WarmUp) process.warmUps.push(warmUp);
  }

  readonly #begun: number[] = [];

  #checkRate(now: number): void {
    this.#begun.push(now);
    const recent = this.#begun.filter((at) => at > now - 1_000).length;
    if (recent > PER_SECOND) this.#fault(`${String(recent)} loads in a second`);
  }

  #checkLeaders(): void {
    const fences = this.#rig.processes.flatMap(({ warmUps: [warmUp] }) => warmUp?.fence ?? []);
    const distinct = new Set(
      fences.map(({ wallMs, count, origin }) => [wallMs, count, origin].join()),
    );
    if (distinct.size < fences.length) this.#fault('two leaders have one fencing token');
    if (fences.length > 1) {
      // One of them waits until the other's time is over: only one may load.
      const loading = this.#rig.processes.filter(({ warmUps: [one] }) => one?.isLoading === true);
      if (loading.length > 1) this.#fault('two leaders load at the same time');
    }
  }

  #demand({ cache }: WarmProcess): void {
    const progress = cache.warm('plan');
    this.#live.add(
      progress
        .next()
        .then(() => undefined)
        .catch(() => undefined),
    );
  }

  #read({ cache, name }: WarmProcess, b: number): void {
    const key = KEYS[Math.floor(b * KEYS.length)]!;
    const load = this.#rig.loaderOf(`live ${name}`);
    const read = cache.namespace('products').getOrSet(key, load);
    const done = read.catch(() => undefined).finally(() => this.#live.delete(done));
    this.#live.add(done);
  }

  #mend(): void {
    for (const { port } of this.#rig.processes) port.link = 'open';
  }

  #failOver(): void {
    this.#rig.redis.failOver();
    this.#rig.tell('switched');
  }

  async #pass(ms: number): Promise<void> {
    await this.#rig.clock.advance(ms);
  }

  #fault(what: string): void {
    this.#faults.push(what);
  }
}

const HARMLESS: ReadonlySet<string> = new Set(['wait', 'waitLong', 'read', 'quick', 'replicate']);

function leaderOf(processes: readonly WarmProcess[]): WarmProcess | undefined {
  return processes.find(({ warmUps: [warmUp] }) => (warmUp?.fence ?? null) !== null);
}
