import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureProgram, howToInstall } from '../../../scripts/lib/ensure-programs.mjs';
import { root } from '../../../scripts/lib/paths.mjs';
import { stopAll } from '../../../scripts/lib/processes.mjs';
import { PostgresServer } from '../../test/app/support/postgres-server.js';
import type { DrillOrder, Kind } from './arguments.js';
import { crowdNote, judge, latenessProblem } from './bounds.js';
import { buildBackend } from './build.js';
import { describeMachine, type Machine } from './machine.js';
import { sharesOf } from './mix.js';
import { printVerdict } from './print.js';
import { writeReport } from './report/write.js';
import type { ContestantName, Report, Result } from './results.js';
import { type Measured, runDrill } from './run-drill.js';
import { closeStage, openStage, type Part, type Stage } from './stage.js';
import { takeTurns } from './turns.js';

const STOP_GRACE_MS = 8000;
const FORCED_AFTER_MS = 15_000;

// All of Redis is lost: only the archive keeps the sessions. And Postgres is what a real service runs on: the embedded
// one works in the thread of the backend, which is measured for its speed here.
const POSTGRES: Partial<Record<Kind, 'needed' | 'better'>> = {
  'all-down': 'needed',
  steady: 'better',
};

/** What is done for one `npm run drill`. It ends the process. */
export class Drill {
  private readonly parts: Part[] = [];
  private ending: Promise<void> | undefined;

  constructor(private readonly order: DrillOrder) {}

  /** Does it all; ends the process with the verdict, or with 2 when it could not be run. */
  async run(): Promise<void> {
    try {
      await this.prepare();
      const passed = await this.perform();
      await this.end(passed ? 0 : 1);
    } catch (error) {
      // What was stopped under its feet complains.
      if (!this.isEnding()) console.error(`\n${error instanceof Error ? error.message : '?'}`);
      await this.end(2);
    }
  }

  /** Stops everything, and then the process. */
  end(code: number): Promise<void> {
    this.ending ??= this.stopAll(code);
    return this.ending;
  }

  private async stopAll(code: number): Promise<void> {
    setTimeout(() => process.exit(code), FORCED_AFTER_MS);
    await Promise.allSettled([stopAll(STOP_GRACE_MS), ...this.parts.map((part) => part.stop())]);
    process.exit(code);
  }

  /** Remembers what has to be stopped. Something that got ready only after the end began is stopped at once. */
  private readonly own = <P extends Part>(part: P): P => {
    this.parts.push(part);
    if (this.isEnding()) void part.stop();
    return part;
  };

  private readonly isEnding = (): boolean => this.ending !== undefined;

  private async prepare(): Promise<void> {
    if ((await ensureProgram('redis')) === undefined) {
      throw new Error(`The drill needs redis-server. Type: ${howToInstall('redis')}`);
    }
    await buildBackend(this.order.noBuild);
  }

  /** Runs both services, writes the report, and says whether every bound holds. */
  private async perform(): Promise<boolean> {
    const { order } = this;
    const out = resolve(root, order.out);
    const logs = order.keep ? join(out, 'logs') : mkdtempSync(join(tmpdir(), 'drill-logs-'));
    if (!order.keep) process.on('exit', () => rmSync(logs, { recursive: true, force: true }));
    const machine = describeMachine();
    const date = new Date().toISOString();
    const database = await this.chooseDatabase();
    const { ours, bare } = await this.runBoth({ database, logs });
    const report = reportOf(order, { date, machine, archive: database !== null, ours, bare });
    printVerdict(report, writeReport(out, report));
    return report.passed;
  }

  // Where something breaks, one after the other: each has the machine for itself. Where nothing does, both stay up, and
  // in the end they take turns.
  private async runBoth(given: Given): Promise<{ ours: Result; bare: Result | null }> {
    const { kind, rate, bareRate } = this.order;
    const first = await this.open('ours', rate, given);
    const measured = await runDrill(first);
    const staysUp = kind === 'steady';
    const ended = staysUp ? null : await closeStage(first);
    // The rate found for ours is that of both, if nobody said otherwise.
    const second = bareRate === 0 ? null : await this.open('bare', bareRate ?? first.rate, given);
    const besides = second === null ? null : await runDrill(second);
    const canTakeTurns = staysUp && second?.rate === first.rate;
    const turns = canTakeTurns ? await takeTurns(first, second) : null;
    const resultOf = async (stage: Stage, own: Measured): Promise<Result> => {
      const { levels, sessionsMade } = stage;
      const { direct } = (stage === first ? ended : null) ?? (await closeStage(stage));
      return { ...own, levels, sessionsMade, direct, turns: turns?.[own.name] ?? null };
    };
    return {
      ours: await resultOf(first, measured),
      bare: second === null || besides === null ? null : await resultOf(second, besides),
    };
  }

  private open(name: ContestantName, rate: number | null, given: Given): Promise<Stage> {
    const { kind, seconds } = this.order;
    const { own, isEnding } = this;
    const say = (text: string): void => console.log(`${name}: ${text}`);
    return openStage(name, { ...given, rate, kind, seconds, own, isEnding, say });
  }

  /** Where sessions are archived: where it was said, in a Postgres of the drill, or nowhere. */
  private async chooseDatabase(): Promise<string | null> {
    const { kind, database } = this.order;
    const wish = POSTGRES[kind];
    if (database !== null || wish === undefined) return database;
    if ((await ensureProgram('postgres')) === undefined) {
      if (wish === 'better') return null;
      throw new Error(
        'This drill needs Postgres: only their archive keeps sessions when all of Redis is lost.\n' +
          `Type: ${howToInstall('postgres')}\nor give a database: --database URL`,
      );
    }
    console.log('starting Postgres, the archive of the sessions ...');
    return this.own(await PostgresServer.start('drill')).url;
  }
}

/** Where the sessions are archived, and the folder for the logs. */
type Given = Pick<Stage, 'database' | 'logs'>;

interface Seen {
  readonly date: string;
  readonly machine: Machine;
  readonly archive: boolean;
  readonly ours: Result;
  readonly bare: Result | null;
}

function reportOf({ kind, seconds }: DrillOrder, seen: Seen): Report {
  const { ours, bare, machine } = seen;
  const verdict = judge(kind, ours, bare);
  const problem = latenessProblem(kind, ours);
  return {
    note: crowdNote(ours, machine.cores),
    kind,
    passed: problem === null && verdict.every(({ holds }) => holds),
    problem,
    verdict,
    seconds,
    mix: sharesOf(ours.rate),
    ...seen,
  };
}
