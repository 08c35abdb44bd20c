// `npm run drill -- hot-key`: half of the traffic of the sample backend goes to one product, once with hot keys only watched
// and once with their reads spared. Exit code 0: every bound holds; 1: one does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureProgram } from '../../scripts/lib/ensure-programs.mjs';
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
import { hotReport, hotRows } from './hot-key/report.js';
import { type HotOrder, type HotRun, type Level, runHot } from './hot-key/run.js';

const OPTIONS = {
  seconds: wholeNumber(60, 'seconds of each of the two runs', { least: 30, most: 600 }),
  rate: wholeNumber(600, 'requests per second, of two instances together', {
    least: 100,
    most: 10_000,
  }),
  out: someText('.tmp/drill/hot-key', 'where report.html and report.json go', 'FOLDER'),
  'no-build': flag('take what is in dist as it is'),
};
const USAGE = usageOf('npm run drill -- hot-key [options]', OPTIONS, [
  'Half of the traffic goes to one product: with hot keys watched, and with their reads spared.',
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
  await ensureProgram('redis');
  await buildBackend(told['no-build']);
  const machine = describeMachine();
  // Both instances have one database, so that a change at one is a change for both.
  const database =
    (await ensureProgram('postgres')) === undefined
      ? null
      : own(await PostgresServer.start('hot_key')).url;
  const order: HotOrder = { rate: told.rate, seconds: told.seconds, database };
  const run = (level: Level): Promise<HotRun> => {
    console.log(
      `hot keys ${level}: ${String(order.rate)} requests/s, ${String(order.seconds)} s ...`,
    );
    return runHot(order, level, { logs, own });
  };
  const [watched, spared] = [await run('watch'), await run('on')];
  console.log(formatTable(...hotRows(watched, spared)));
  const report = hotReport(order, { watched, spared }, machine);
  for (const { what, holds, seen } of report.bounds)
    console.log(`${holds ? 'ok    ' : 'BROKEN'} ${what}: ${seen}`);
  const files = writePlainReport(resolve(root, told.out), report, { order, watched, spared });
  console.log(files.map((file) => `  ${file}`).join('\n'));
  await end(hasPassed(report) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await end(2);
}
