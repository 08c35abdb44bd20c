// `npm run drill -- rolling`: two instances of the sample behind the proxy are replaced one after the other under load, once
// with nothing else and once with a failover in the middle. Exit code 0: every bound holds; 1: one does not.
import { wholeNumber } from './common/arguments.js';
import { drillAndExit } from './drill/plain-drill.js';
import { rollingReport, rollingRows } from './rolling/report.js';
import { runRolling, type RollingRun } from './rolling/run.js';

await drillAndExit({
  name: 'rolling',
  about:
    'Both instances are replaced under load: with nothing else, and with a failover in the middle.',
  seconds: wholeNumber(60, 'seconds of each of the two runs', { least: 45, most: 600 }),
  rate: wholeNumber(1000, 'requests per second, through the proxy', { least: 10, most: 10_000 }),
  needs: ['redis', 'haproxy'],
  run: async (order, place) => {
    const run = (withFailover: boolean): Promise<RollingRun> => {
      const besides = withFailover ? ', the primary is killed in the middle' : '';
      console.log(`${order.rate} requests/s for ${order.seconds} s${besides} ...`);
      return runRolling(order, withFailover, place);
    };
    return { calm: await run(false), failover: await run(true) };
  },
  rows: rollingRows,
  report: rollingReport,
});
