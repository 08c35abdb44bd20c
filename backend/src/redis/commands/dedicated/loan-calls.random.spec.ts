import { getEventListeners } from 'node:events';
import { ModelGroup } from '../../../../test/support/model-group.js';
import {
  randomHistory,
  type Step,
  writtenSteps,
} from '../../../../test/support/random-histories.js';
import { SeededSearch } from '../../../../test/support/seeded-search.js';
import { ManualClock } from '../../testing/index.js';
import { intentOf } from '../table/command-intent.js';
import { CommandPayload } from '../table/payloads.js';
import { BlockingCalls } from './blocking-calls.js';
import type { ExclusiveConnection } from './exclusive-connection.js';
import { PrimaryLoans } from './primary-loans.js';
import { withExclusive } from './with-exclusive.js';

// Each rule that is broken on purpose was seen to fail within the first thirty.
const HISTORIES = 300;
const LENGTH = 40;
const HISTORY_MS = 400;
const TIMEOUT_MS = 1000;

// What happens in any history, and what only happens where the network and the nodes are not well.
const CALM = ['blpop', 'blpop', 'exclusive', 'exclusive', 'abort', 'deliver', 'deliver', 'push', 'push', 'fence', 'unfence', 'switch', 'tick', 'close'] as const; // prettier-ignore
const ROUGH = [...CALM, 'lose', 'refuse', 'away', 'deliver', 'deliver', 'tick'] as const;
type Op = (typeof ROUGH)[number];

/** One call, by the name that its commands carry. */
interface Watched {
  readonly sender: string;
  readonly hasDeadline: boolean;
  readonly signal: AbortSignal | null;
  /** `ok`, the code of its error, or `null` while it is not over. */
  outcome: string | null;
  value: unknown;
}

/** One run of a history, with the rules that must hold in each. */
class Run {
  readonly violations: string[] = [];
  readonly clock = new ManualClock();
  readonly group: ModelGroup;
  readonly loans: PrimaryLoans;
  readonly #blocking: BlockingCalls;
  readonly #calls: Watched[] = [];
  readonly #executed = new Map<string, string[]>();
  readonly #aborts: AbortController[] = [];
  readonly #isCalm: boolean;
  #elements = 0;
  #isClosing = false;

  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
    this.group = new ModelGroup(this.clock, {
      sent: (node, command, sender) => {
        if (sender.endsWith('late')) this.#break(`${sender} is sent after its work has ended`);
        if (command === 'get') return;
        if (this.group.isFenced) this.#break(`${command} of ${sender} is sent behind the fence`);
        if (node !== this.group.primary.node) this.#break(`${sender} is sent to an old primary`);
      },
      executed: (_node, command, sender, element) => {
        if (command === 'get' || command === 'unlink') return;
        this.#executed.set(sender, [...(this.#executed.get(sender) ?? []), element ?? command]);
      },
    });
    this.loans = new PrimaryLoans(this.group.tracker, this.clock, this.group.bus);
    this.#blocking = new BlockingCalls(this.loans, this.clock, this.group.bus, TIMEOUT_MS);
  }

  async play(history: readonly Step<Op>[]): Promise<void> {
    for (const [op, choice] of history) {
      await this.#step(op, choice);
      await this.clock.advance(0);
      if (this.#isCalm && choice % 2 === 1) await this.#drain();
    }
    await this.#finish();
  }

  async #step(op: Op, choice: number): Promise<void> {
    const { group } = this;
    if (this.#isCalm && op === 'close') await this.#drain();
    // A planned failover raises the fence some time before the switch, and the old primary still answers.
    if (this.#isCalm && op === 'switch') {
      group.fence();
      await this.pass(60);
    }
    if (op === 'blpop') this.blpop(choice % 3 === 0 ? 1 : 0, choice % 4 < 2);
    if (op === 'exclusive') this.exclusive(choice);
    if (op === 'abort') this.#aborts[choice % Math.max(1, this.#aborts.length)]?.abort();
    if (op === 'deliver') group.members[choice % 2]?.node.deliver(choice >> 1);
    if (op === 'push') group.primary.node.push(`e${String(this.#elements++)}`);
    if (op === 'fence') group.fence();
    if (op === 'unfence') group.unfence();
    if (op === 'switch') group.switch();
    if (op === 'refuse') group.primary.node.isRefusing = choice % 2 === 0;
    if (op === 'away') group.setAway(choice % 2 === 0);
    if (op === 'lose') this.#lose(choice);
    if (op === 'tick') await this.pass(choice % 300);
    if (op === 'close' && choice % 4 === 0) this.#close();
  }

  blpop(seconds: number, hasSignal: boolean): Watched {
    const sender = `b${String(this.#calls.length)}`;
    const controller = new AbortController();
    if (hasSignal) this.#aborts.push(controller);
    const payload = new CommandPayload('blpop', [sender, seconds], 'utf8');
    const signal = hasSignal ? controller.signal : null;
    const intent = intentOf('blpop', []);
    const options = signal === null ? null : { signal };
    const reply = this.#blocking.run(payload, intent, false, options);
    return this.#watch(reply, { sender, hasDeadline: seconds > 0, signal });
  }

  /** The bits of the choice say what the work does. */
  exclusive(choice: number): Watched {
    const name = `x${String(this.#calls.length)}`;
    const call = (own: ExclusiveConnection, what: string, args: unknown[]): Promise<unknown> => {
      const sender = `${name}:${what}`;
      const [command = ''] = what.split('-');
      const reply = own.call(command, sender, ...args);
      this.#watch(reply, { sender, hasDeadline: true, signal: null });
      return reply;
    };
    let kept: ExclusiveConnection | null = null;
    let forgotten: Promise<unknown> | null = null;
    let isForgottenOpen = false;
    const work = async (own: ExclusiveConnection): Promise<string> => {
      kept = own;
      if (choice & 1) await call(own, 'get', []);
      if (choice & 2) await this.clock.sleep(30);
      if (choice & 4) await call(own, 'incr', []);
      if ((choice & 24) === 24) await call(own, 'blpop', [0]);
      if (choice & 32) {
        forgotten = call(own, 'incr-forgotten', []);
        isForgottenOpen = true;
        const close = (): boolean => (isForgottenOpen = false);
        forgotten.then(close, close);
      }
      return 'done';
    };
    const whole = withExclusive(work, this.loans, this.clock, TIMEOUT_MS);
    const useLate = (): void => {
      if (kept !== null) void call(kept, 'incr-late', []).catch(() => undefined);
    };
    const onDone = (): void => {
      if (isForgottenOpen) this.#break(`${name} gave its connection back with a call under way`);
      useLate();
    };
    whole.then(onDone, useLate);
    return this.#watch(whole, { sender: name, hasDeadline: true, signal: null });
  }

  /** Lets time pass. Where all is well the nodes answer at once meanwhile. */
  async pass(ms: number, isWell = this.#isCalm): Promise<void> {
    for (let left = ms; left > 0; left -= 20) {
      if (isWell) await this.#drain();
      await this.clock.advance(Math.min(20, left));
    }
    if (isWell) await this.#drain();
  }

  async #drain(): Promise<void> {
    let hasMore = true;
    while (hasMore) {
      hasMore = false;
      await this.clock.advance(0);
      for (const { node } of this.group.members) while (node.deliver(0)) hasMore = true;
    }
  }

  #lose(choice: number): void {
    const wires = this.group.members.flatMap(({ node }) => [...node.wires]);
    wires[choice % Math.max(1, wires.length)]?.destroy('reset');
  }

  #close(): void {
    this.#isClosing = true;
    void this.loans.close(500);
  }

  /** Everything is well from now on: what must be over then, and what must work. */
  async #finish(): Promise<void> {
    this.group.setAway(false);
    this.group.unfence();
    for (const { node } of this.group.members) node.isRefusing = false;
    await this.pass(3 * TIMEOUT_MS, true);
    for (const { sender, hasDeadline, outcome } of this.#calls) {
      if (hasDeadline && outcome === null) this.#break(`${sender} outlives its deadline`);
    }
    if (!this.#isClosing) await this.#expectServed();
    await this.clock.advance(0);
    this.#close();
    await this.pass(600, true);
    this.#checkCalls();
    this.#checkLeaks();
  }

  async #expectServed(): Promise<void> {
    for (let i = 0; i < LENGTH + 1; i++) await this.#step('push', 0);
    await this.pass(100, true);
    for (const { sender, outcome } of this.#calls) {
      if (outcome === null) this.#break(`${sender} is not served although there is enough`);
    }
    const added = [this.blpop(1, false), this.exclusive(1)];
    await this.pass(100, true);
    for (const { sender, outcome } of added) {
      if (outcome !== 'ok') this.#break(`the new call ${sender} is ${String(outcome)}`);
    }
  }

  #checkCalls(): void {
    for (const call of this.#calls) {
      const done = this.#executed.get(call.sender) ?? [];
      const what = `${call.sender} is ${String(call.outcome)}, and did ${done.join(' ') || 'nothing'}`;
      if (!this.#isAllowed(call)) this.#break(what);
      if (done.length > 1) this.#break(`${what}: twice`);
      const isOver = call.outcome === 'ok' || call.outcome === 'COMMAND_UNCERTAIN';
      if (!isOver && done.length > 0) this.#break(`${what}, which nobody was told`);
      const [, element] = Array.isArray(call.value) ? (call.value as string[]) : [];
      if (element !== undefined && element !== done[0]) this.#break(`${what}, but got ${element}`);
    }
  }

  #isAllowed({ outcome, hasDeadline, signal, sender }: Watched): boolean {
    switch (outcome) {
      case 'ok':
        return true;
      case 'COMMAND_UNCERTAIN':
        return !this.#isCalm;
      case 'COMMAND_ABORTED':
        return signal?.aborted === true;
      case 'CLOSED':
        return this.#isClosing;
      case 'COMMAND_TIMEOUT':
      case 'NO_PRIMARY':
        return hasDeadline;
      default:
        return outcome === 'CONNECTION_LOST' && sender.startsWith('x');
    }
  }

  #checkLeaks(): void {
    const leaks = {
      lent: this.loans.lent,
      busy: this.group.members.reduce((sum, { connection }) => sum + connection.pool.busy, 0),
      timers: this.clock.pending,
      listeners: this.group.listeners,
      signals: this.#aborts.reduce((n, { signal }) => n + getEventListeners(signal, 'abort').length, 0), // prettier-ignore
    };
    for (const [what, left] of Object.entries(leaks)) {
      if (left !== 0) this.#break(`${String(left)} ${what} left over`);
    }
  }

  #watch(reply: Promise<unknown>, call: Omit<Watched, 'outcome' | 'value'>): Watched {
    const watched: Watched = { ...call, outcome: null, value: null };
    this.#calls.push(watched);
    reply.then(
      (value) => Object.assign(watched, { outcome: 'ok', value }),
      (error: unknown) => (watched.outcome = (error as { code?: string }).code ?? 'no code'),
    );
    return watched;
  }

  #break(rule: string): void {
    this.violations.push(rule);
  }
}

const searchIn = (ops: readonly Op[], isCalm: boolean): SeededSearch<Step<Op>> =>
  new SeededSearch<Step<Op>>({
    runs: HISTORIES,
    historyOf: (seed) => randomHistory(seed, ops, LENGTH),
    faultOf: async (history) => {
      const run = new Run(isCalm);
      await run.play(history);
      return run.violations.length === 0 ? null : run.violations.join('\n');
    },
    written: writtenSteps,
  });

describe('calls on connections of their own, in any order of events', () => {
  it.each([
    ['the nodes answer and failovers are planned', searchIn(CALM, true)],
    ['connections break, nodes refuse and are slow', searchIn(ROUGH, false)],
  ])(
    'end once, as they may, and leave nothing behind where %s',
    async (_, search) => {
      expect(await search.firstFault()).toBeNull();
    },
    searchIn(CALM, true).limitMs(HISTORY_MS),
  );
});
