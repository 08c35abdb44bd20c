import { startRedisCluster, type RedisTestCluster } from '../src/redis/testing/index.js';
import { connectionName } from './clients/bench-client.js';
import { optionsOf, positiveNumber } from './common/arguments.js';
import { Child } from './common/child.js';
import { now, sleep } from './common/clock.js';
import { finding, findingLine } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { placeOf } from './common/place.js';
import { connectionsOf } from './common/server-connections.js';
import { formatTable } from './common/table.js';
import type { Holdings, LoadCounts } from './endurance/client-process.js';
import { flap, makeSentinelsQuick } from './endurance/flapping.js';
import { leaksBetween } from './endurance/leaks.js';

// Longer than the engine remembers a node that nobody lists any more, and than any deadline.
const SETTLE_MS = 10_000;
const WARM_UP_FLAPS = 10;

const given = optionsOf('bench:flaps', {
  count: positiveNumber(200, 'failovers'),
  rate: positiveNumber(100, 'operations a second'),
  json: JSON_FILE,
});

/** What the process holds, and what the servers have of it. */
async function takeStock(
  child: Child,
  cluster: RedisTestCluster,
): Promise<Holdings & { serverConnections: number }> {
  await sleep(SETTLE_MS);
  const nodes = cluster.nodes().filter(({ group }) => group !== null);
  const serverConnections = (await connectionsOf(nodes, connectionName('ours'))).length;
  return { ...(await child.call<Holdings>('hold')), serverConnections };
}

await using cluster = await startRedisCluster({ downAfterMs: 3000 });
const child = Child.start('ours', new URL('./endurance/client-process.js', import.meta.url), [
  '--expose-gc',
]);
try {
  await child.call('open', placeOf(cluster), given.rate);
  await makeSentinelsQuick(cluster);
  // The first ones fill the history and compile the code; they are not leaks.
  for (let i = 0; i < WARM_UP_FLAPS; i++) await flap(cluster);
  const before = await takeStock(child, cluster);
  const startedAt = now();
  const total = given.count;
  for (let i = 1; i <= total; i++) {
    await flap(cluster);
    if (i % 20 === 0) process.stderr.write(`${String(i)} of ${String(total)}\n`);
  }
  const tookS = (now() - startedAt) / 1000;
  const after = await takeStock(child, cluster);
  const counts = await child.call<LoadCounts>('counts');
  await child.call('close');
  const endedItself = await child.end();

  const leaks = leaksBetween(before, after);
  console.log(`${String(total)} failovers in ${tookS.toFixed(0)} s, ${JSON.stringify(counts)}\n`);
  console.log(
    formatTable(
      ['', 'before', 'after', ''],
      leaks.map((leak) => leak.row),
    ),
  );
  console.log(`\n${findingLine(finding(endedItself, 'the process ends by itself after close()'))}`);
  writeJson(given.json, { tookS, before, after, counts });
  const isCorrect = endedItself && counts.unhandled === 0 && leaks.every(({ isLeak }) => !isLeak);
  process.exitCode = isCorrect ? 0 : 1;
} finally {
  await child.end();
}
