import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureProgram, howToInstall } from '../../../scripts/lib/ensure-programs.mjs';
import { root } from '../../../scripts/lib/paths.mjs';
import { stopAll } from '../../../scripts/lib/processes.mjs';
import { PostgresServer } from '../../test/app/support/postgres-server.js';
import {
  flag,
  type Option,
  orExplain,
  parseArguments,
  someText,
  usageOf,
} from '../common/arguments.js';
import { formatTable } from '../common/table.js';
import { buildBackend } from './build.js';
import { describeMachine, type Machine } from './machine.js';
import { hasPassed, type PlainReport, writePlainReport } from './report/plain-page.js';
import type { Part } from './stage.js';

/** What both runs of a drill are given. */
export interface PlainOrder {
  readonly rate: number;
  readonly seconds: number;
  /** A Postgres for all instances of the sample; `null` where there is none: each has a database of its own. */
  readonly database: string | null;
}

/** Where the logs of a run go, and who ends its parts. */
export interface PlainPlace {
  readonly logs: string;
  readonly own: <P extends Part>(part: P) => P;
}

/** A drill that compares two runs of its own with each other. */
export interface PlainDrill<R extends object> {
  readonly name: string;
  readonly about: string;
  readonly seconds: Option<number>;
  readonly rate: Option<number>;
  readonly needs: readonly Parameters<typeof ensureProgram>[0][];
  readonly run: (order: PlainOrder, place: PlainPlace) => Promise<R>;
  readonly rows: (runs: R) => Parameters<typeof formatTable>;
  readonly report: (order: PlainOrder, runs: R, machine: Machine) => PlainReport;
}

/** Does the drill, tells and writes what came out, and ends the process. Exit code 0: every bound holds; 1: one does not. */
export async function drillAndExit<R extends object>(drill: PlainDrill<R>): Promise<never> {
  const told = toldOf(drill);
  const parts: Part[] = [];
  const logs = mkdtempSync(join(tmpdir(), 'drill-logs-'));
  const end = async (code: number): Promise<never> => {
    await Promise.allSettled([...parts.map((part) => part.stop()), stopAll(8_000)]);
    rmSync(logs, { recursive: true, force: true });
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(130));
  const own = <P extends Part>(part: P): P => {
    parts.push(part);
    return part;
  };
  try {
    await requirePrograms(drill.needs);
    await buildBackend(told['no-build']);
    const machine = describeMachine();
    const { rate, seconds } = told;
    const order: PlainOrder = { rate, seconds, database: await newDatabase(drill.name, own) };
    const runs = await drill.run(order, { logs, own });
    console.log(formatTable(...drill.rows(runs)));
    const report = drill.report(order, runs, machine);
    for (const { what, holds, seen } of report.bounds)
      console.log(`${holds ? 'ok    ' : 'BROKEN'} ${what}: ${seen}`);
    const files = writePlainReport(resolve(root, told.out), report, { order, ...runs });
    console.log(files.map((file) => `  ${file}`).join('\n'));
    return await end(hasPassed(report) ? 0 : 1);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return end(2);
  }
}

function toldOf<R extends object>({ name, about, seconds, rate }: PlainDrill<R>) {
  const options = {
    seconds,
    rate,
    out: someText(`.tmp/drill/${name}`, 'where report.html and report.json go', 'FOLDER'),
    'no-build': flag('take what is in dist as it is'),
  };
  return orExplain(usageOf(`npm run drill -- ${name} [options]`, options, [about]), () => {
    const { values, isHelpWanted } = parseArguments(options, process.argv.slice(2));
    return isHelpWanted ? null : values;
  });
}

async function requirePrograms(needs: PlainDrill<object>['needs']): Promise<void> {
  for (const program of needs) {
    if ((await ensureProgram(program)) === undefined) {
      throw new Error(`The drill needs ${program}. Type: ${howToInstall(program)}`);
    }
  }
}

// One for all instances, as in the Compose file: what one writes, the others read.
async function newDatabase(name: string, own: PlainPlace['own']): Promise<string | null> {
  if ((await ensureProgram('postgres')) === undefined) return null;
  return own(await PostgresServer.start(name.replace('-', '_'))).url;
}
