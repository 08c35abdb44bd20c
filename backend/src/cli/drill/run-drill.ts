import { randomBytes } from 'node:crypto';
import type { FailoverRecord } from '../../redis/base/events/index.js';
import { safeMessage } from '../../redis/base/errors/index.js';
import type { Clock } from '../../redis/base/timing/index.js';
import { CliError, EXIT } from '../frame/index.js';
import { withLink, type Link } from '../link/index.js';
import { awaitWhole } from '../look/index.js';
import { now } from '../measure/index.js';
import type { Survey } from '../reach/index.js';
import { DrillLoad } from './drill-load.js';
import type { DrillOrder } from './drill-order.js';
import { resultOf, type DrillCurves, type DrillResult, type Seen } from './drill-result.js';
import type { DrillTarget, FaultStep } from './fault-step.js';
import { PutBack } from './put-back.js';

/** Where a drill is run. */
export interface DrillStage {
  readonly order: DrillOrder;
  readonly target: DrillTarget;
  /** The cluster before anything was touched. */
  readonly seen: Survey;
  readonly steps: readonly FaultStep[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what goes on. */
  readonly say: (what: string, load: DrillLoad) => void;
}

/** What a drill found out, and the calls behind it. */
export interface Drilled {
  readonly result: DrillResult;
  readonly curves: DrillCurves;
}

const READY_WITHIN_MS = 8_000;
/** Load without a fault, to begin with and in the end. */
const CALM_MS = 2_000;
/** As long as a failover may take, and the old primary until it is a replica again. */
const WHOLE_WITHIN_MS = 60_000;
/** Beyond the deadline of every call. */
const ANSWERED_WITHIN_MS = 12_000;
const TOLD_EVERY_MS = 250;

type Mark = Seen['marks'][number];

/**
 * Breaks a cluster under load, waits, puts it back, and says what it cost. Everything is put back in every case: `PutBack`
 * sees to it before this resolves or rejects, or after this program was killed.
 */
export function runDrill(stage: DrillStage): Promise<Drilled> {
  const { target, clock } = stage;
  return withLink(target.options, { clock, readyWithinMs: READY_WITHIN_MS }, async (link) => {
    const prefix = `${stage.order.keyPrefix}${randomBytes(6).toString('hex')}:`;
    const load = new DrillLoad({ ...link, clock, prefix, rate: stage.order.rate });
    try {
      return await new Run(stage, link, load).run();
    } finally {
      await load.stop(ANSWERED_WITHIN_MS);
      // Where Redis does not take it, they end by themselves.
      await load.removeKeys().catch(() => undefined);
    }
  });
}

class Run {
  readonly #stage: DrillStage;
  readonly #link: Link;
  readonly #load: DrillLoad;
  readonly #failovers = new Map<number, FailoverRecord>();
  readonly #marks: Mark[] = [];
  readonly #problems: string[] = [];
  #reconfiguredAt: number | null = null;
  #switchover: DrillResult['switchover'] = null;
  #faultAt: { readonly calendar: number; readonly machine: number } | null = null;

  constructor(stage: DrillStage, link: Link, load: DrillLoad) {
    this.#stage = stage;
    this.#link = link;
    this.#load = load;
  }

  async run(): Promise<Drilled> {
    const { clock, signal } = this.#stage;
    const stops = this.#listen();
    const startedAt = { calendar: clock.wallTime(), machine: now() };
    const telling = clock.every(TOLD_EVERY_MS, () => {
      this.#stage.say(this.#marks.at(-1)?.label ?? 'load without a fault', this.#load);
    });
    try {
      this.#load.start();
      await clock.sleep(CALM_MS, signal);
      this.#requireLoad();
      await this.#breakAndPutBack();
      await this.#untilWhole();
      await clock.sleep(CALM_MS, signal);
      await this.#load.stop(ANSWERED_WITHIN_MS);
      requireGoingOn(signal);
      return await this.#drilled(startedAt);
    } finally {
      telling();
      for (const stop of stops) stop();
    }
  }

  #listen(): (() => void)[] {
    const { bus } = this.#link.engine;
    const note = ({ failover }: { readonly failover: FailoverRecord }): void => {
      this.#failovers.set(failover.epoch, failover);
    };
    return [
      bus.on('failover.completed', note),
      bus.on('failover.first-write', note),
      bus.on('failover.observed', ({ step }) => {
        if (step !== '+slave-reconf-done' || this.#faultAt === null) return;
        this.#reconfiguredAt ??= this.#stage.clock.wallTime();
      }),
    ];
  }

  #requireLoad(): void {
    requireGoingOn(this.#stage.signal);
    if (this.#load.acknowledged > 0) return;
    const { errors } = this.#load.figuresOf('write');
    const [code = 'nothing is answered'] = Object.keys(errors);
    throw new CliError(
      `Writes fail before anything is broken: ${code}`,
      'See whether the user may write keys of --key-prefix',
    );
  }

  async #breakAndPutBack(): Promise<void> {
    const { order, clock, signal } = this.#stage;
    const putBack = new PutBack();
    let failure: Error | null = null;
    try {
      this.#faultAt = { calendar: clock.wallTime(), machine: now() };
      if (order.kind === 'switchover') await this.#moveOnPurpose();
      else await this.#makeAll(putBack);
      await clock.sleep(order.kind === 'switchover' ? 0 : order.holdMs, signal);
    } catch (error) {
      failure = error as Error;
    }
    const isBroken = putBack.count > 0;
    const notPutBack = await putBack.undoAll();
    this.#problems.push(...notPutBack);
    if (isBroken) this.#mark('put back');
    putBack.close();
    // What is left behind is told first of all, whatever else went wrong.
    const why = signal.aborted ? 'Interrupted' : safeMessage(failure);
    if (notPutBack.length > 0 && (signal.aborted || failure !== null)) {
      throw new CliError(`${why}, and ${notPutBack.join('; ')}`, '', EXIT.unwell);
    }
    if (failure !== null) throw failure;
    requireGoingOn(signal);
  }

  async #makeAll(putBack: PutBack): Promise<void> {
    const { steps, signal, order } = this.#stage;
    this.#mark(order.kind);
    for (const step of steps) {
      requireGoingOn(signal);
      await putBack.make(step);
    }
  }

  async #moveOnPurpose(): Promise<void> {
    this.#mark('switchover');
    try {
      const { writeGapMs, totalMs } = await this.#link.engine.connected.switchover({});
      this.#switchover = { writeGapMs: Math.round(writeGapMs), totalMs: Math.round(totalMs) };
    } catch (error) {
      this.#problems.push(safeMessage(error));
    }
  }

  // Under load: what comes back must not cost anything either.
  async #untilWhole(): Promise<void> {
    const { target, clock, signal, seen } = this.#stage;
    const { problems } = await awaitWhole(target.options, {
      ...{ clock, signal, timeoutMs: WHOLE_WITHIN_MS },
      expected: { nodes: seen.nodes.length, sentinels: seen.sentinels.length },
    });
    requireGoingOn(signal);
    if (problems.length === 0) this.#mark('whole again');
    else this.#problems.push(...problems.map((problem) => `not whole again: ${problem}`));
  }

  async #drilled(startedAt: {
    readonly calendar: number;
    readonly machine: number;
  }): Promise<Drilled> {
    const { order, target } = this.#stage;
    const load = this.#load;
    const faultAt = this.#faultAt ?? startedAt;
    const { from, ms } = load.gap;
    const seen: Seen = {
      place: target.place,
      startedAt: startedAt.calendar,
      faultAt: faultAt.calendar,
      marks: this.#marks,
      failovers: [...this.#failovers.values()],
      reconfiguredAt: this.#reconfiguredAt,
      writingAgainAt: faultAt.calendar + from + ms - faultAt.machine,
      gapMs: ms,
      lost: await load.countLost(),
      stalledMs: load.stalledMs,
      writes: load.figuresOf('write'),
      reads: load.figuresOf('read'),
      switchover: this.#switchover,
      problems: this.#problems,
    };
    const curves = { calls: load.calls, startedAt: startedAt.machine, faultAt: faultAt.machine };
    return { result: resultOf(order, seen), curves };
  }

  #mark(label: string): void {
    this.#marks.push({ label, at: this.#stage.clock.wallTime() });
  }
}

function requireGoingOn(signal: AbortSignal): void {
  if (signal.aborted)
    throw new CliError('Interrupted', 'Everything was put back', EXIT.interrupted);
}
