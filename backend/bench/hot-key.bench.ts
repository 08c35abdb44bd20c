// `npm run drill -- hot-key`: half of the traffic of the sample backend goes to one product, once with hot keys only watched
// and once with their reads spared. Exit code 0: every bound holds; 1: one does not.
import { wholeNumber } from './common/arguments.js';
import { drillAndExit } from './drill/plain-drill.js';
import { hotReport, hotRows } from './hot-key/report.js';
import { type HotRun, type Level, runHot } from './hot-key/run.js';

await drillAndExit({
  name: 'hot-key',
  about:
    'Half of the traffic goes to one product: with hot keys watched, and with their reads spared.',
  seconds: wholeNumber(60, 'seconds of each of the two runs', { least: 30, most: 600 }),
  rate: wholeNumber(600, 'requests per second, of two instances together', {
    least: 100,
    most: 10_000,
  }),
  needs: ['redis'],
  run: async (order, place) => {
    const run = (level: Level): Promise<HotRun> => {
      console.log(
        `hot keys ${level}: ${String(order.rate)} requests/s, ${String(order.seconds)} s ...`,
      );
      return runHot(order, level, place);
    };
    return { watched: await run('watch'), spared: await run('on') };
  },
  rows: ({ watched, spared }) => hotRows(watched, spared),
  report: hotReport,
});
