// `npm run drill -- rolling`: two instances of the sample behind the proxy are replaced one after the other under load, once
// with nothing else and once with a failover in the middle. Exit code 0: every bound holds; 1: one does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureProgram, howToInstall } from '../../scripts/lib/ensure-programs.mjs';
import { root } from '../../scripts/lib/paths.mjs';
import { stopAll } from '../../scripts/lib/processes.mjs';
import { PostgresServer } from '../test/app/support/postgres-server.js';
import {
  flag,
  orExplain,
  parseArguments,
  someText,
  usageOf,
  wholeNumber,
} from './common/arguments.js';
import { formatTable } from './common/table.js';
import { buildBackend } from './drill/build.js';
import { describeMachine } from './drill/machine.js';
import { hasPassed, writePlainReport } from './drill/report/plain-page.js';
import type { Part } from './drill/stage.js';
import { rollingReport, rollingRows } from './rolling/report.js';
import { runRolling, type RollingOrder, type RollingRun } from './rolling/run.js';

const OPTIONS = {
  seconds: wholeNumber(60, 'seconds of each of the two runs', { least: 45, most: 600 }),
  rate: wholeNumber(1000, 'requests per second, through the proxy', { least: 10, most: 10_000 }),
  out: someText('.tmp/drill/rolling', 'where report.html and report.json go', 'FOLDER'),
  'no-build': flag('take what is in dist as it is'),
};
const USAGE = usageOf('npm run drill -- rolling [options]', OPTIONS, [
  'Both instances are replaced under load: with nothing else, and with a failover in the middle.',
]);

const told = orExplain(USAGE, () => {
  const { values, isHelpWanted } = parseArguments(OPTIONS, process.argv.slice(2));
  return isHelpWanted ? null : values;
});
const parts: Part[] = [];
const own = <P extends Part>(part: P): P => {
  parts.push(part);
  return part;
};
const logs = mkdtempSync(join(tmpdir(), 'drill-logs-'));

async function end(code: number): Promise<never> {
  await Promise.allSettled([...parts.map((part) => part.stop()), stopAll(8_000)]);
  rmSync(logs, { recursive: true, force: true });
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(130));

try {
  for (const program of ['redis', 'haproxy'] as const) {
    if ((await ensureProgram(program)) === undefined) {
      throw new Error(`The drill needs ${program}. Type: ${howToInstall(program)}`);
    }
  }
  await buildBackend(told['no-build']);
  const machine = describeMachine();
  // As in the Compose file: what one instance writes, the other one reads.
  const database =
    (await ensureProgram('postgres')) === undefined
      ? null
      : own(await PostgresServer.start('rolling')).url;
  const order: RollingOrder = { rate: told.rate, seconds: told.seconds, database };
  const run = (withFailover: boolean): Promise<RollingRun> => {
    const besides = withFailover ? ', the primary is killed in the middle' : '';
    console.log(`${order.rate} requests/s for ${order.seconds} s${besides} ...`);
    return runRolling(order, withFailover, { logs, own });
  };
  const both = { calm: await run(false), failover: await run(true) };
  console.log(formatTable(...rollingRows(both)));
  const report = rollingReport(order, both, machine);
  for (const { what, holds, seen } of report.bounds)
    console.log(`${holds ? 'ok    ' : 'BROKEN'} ${what}: ${seen}`);
  const files = writePlainReport(resolve(root, told.out), report, { order, ...both });
  console.log(files.map((file) => `  ${file}`).join('\n'));
  await end(hasPassed(report) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await end(2);
}
