// The operations of one process without HTTP, for the steady drill.
import { fileURLToPath } from 'node:url';
import { start, stop } from '../lib/processes.mjs';
import { serviceEnvironment } from './services.mjs';

const PROGRAM = fileURLToPath(new URL('./direct-process.mjs', import.meta.url));
const RATES = [3_000, 6_000, 12_000, 20_000];
const LEVEL_SECONDS = 5;
const MOST_P99_MS = 10;
const WITHIN_MS = 60_000;

/** Resolves with the levels that were tried, and the operations per second of the best one within the bound. */
export async function measureDirect(name, cluster, own) {
  const child = start(process.execPath, [PROGRAM, name], {
    env: serviceEnvironment(cluster),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  own({ stop: () => stop(child, 1_000) });
  const answer = new Promise((resolve) => child.once('message', resolve));
  child.send({ rates: RATES, seconds: LEVEL_SECONDS });
  const late = new Promise((resolve) => setTimeout(resolve, WITHIN_MS).unref());
  const said = await Promise.race([answer, late, child.ended.then(() => undefined)]);
  await stop(child, 1_000);
  if (said === undefined) throw new Error('The measurement without HTTP did not end well.');
  return { levels: said.levels, perSecond: bestOf(said.levels) };
}

/** The most operations per second at which nothing failed and p99 stayed within the bound; `null` when none did. */
export function bestOf(levels) {
  const good = levels.filter(
    ({ p99, failed }) => failed === 0 && p99 !== null && p99 < MOST_P99_MS,
  );
  return good.length === 0 ? null : Math.max(...good.map(({ perSecond }) => perSecond));
}
