import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../../scripts/lib/paths.mjs';
import { ROWS } from '../observability/dashboard/dashboard.js';
import { startRedisCluster, waitUntil, type RedisTestNode } from '../src/redis/testing/index.js';
import { startApp } from '../test/app/support/running-app.js';
import { AlertReceiver } from '../test/support/alert-receiver.js';
import { AlertingStack } from '../test/support/alerting-stack.js';
import { optionsOf, positiveNumber, someText } from './common/arguments.js';
import { now, sleep } from './common/clock.js';
import { picture } from './dashboard/picture.js';
import { use } from './dashboard/use.js';

const given = optionsOf('bench:dashboard', {
  before: positiveNumber(60, 'seconds before the primary is killed'),
  after: positiveNumber(60, 'seconds after that'),
  out: someText('docs/reports/dashboard', 'folder of the page', 'FOLDER'),
});

const KEY = 'integration-key';
const address = ({ address: { host, port } }: RedisTestNode): string => `${host}:${String(port)}`;
const calendar = (): number => Date.now() / 1_000;

const cluster = await startRedisCluster({ downAfterMs: 3_000, redisConfig: ['maxmemory 100mb'] });
const receiver = await AlertReceiver.start(KEY);
const app = await startApp({ ...cluster.env(), LOG_LEVEL: 'warn' });
await app.redis.whenReady();
const stack = new AlertingStack(
  {
    apps: [new URL(app.http.url).host],
    nodes: [cluster.primary(), ...cluster.replicas()].map(address),
    sentinels: cluster.sentinels().map(address),
    password: cluster.options().node?.password ?? '',
  },
  { files: at('deploy', 'observability'), url: receiver.url, pagerDutyKey: KEY },
);
try {
  await stack.start();
  await waitUntil(async () => (await stack.query('count(up == 1)'))[0] === 7, { what: 'scrapes' });
  const stop = await use(app.http);
  const [from, begunAt] = [calendar(), now()];
  await sleep(given.before * 1_000);
  const killed = await cluster.currentPrimary();
  const killedAt = now();
  // The clock of the receiver, which is in this process.
  const killedHere = performance.now();
  await killed.kill();
  await sleep((given.after * 1_000) / 2);
  await killed.start();
  const startedAt = now();
  await sleep((given.after * 1_000) / 2);
  stop();
  const second = (moment: number): number => (moment - begunAt) / 1_000;
  const told = receiver.arrivals
    .filter(({ by, at: moment }) => by !== 'watchdog' && moment > killedHere)
    .map(
      ({ by, title, at: moment }) =>
        `${((moment - killedHere) / 1_000).toFixed(1)} s after the kill, ${by}: ${title}`,
    );
  const marks = [
    { label: 'killed', second: second(killedAt), isFault: true },
    { label: 'started', second: second(startedAt) },
  ];
  const drawn = { from, to: calendar(), marks, told };
  const page = await picture(ROWS, drawn, (...asked) => stack.range(...asked));
  const folder = at(given.out);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'report.html'), page);
  console.log(told.join('\n'));
  console.log(join(given.out, 'report.html'));
} finally {
  await stack.stop();
  await receiver.stop();
  await app.close();
  await cluster.stop();
}
