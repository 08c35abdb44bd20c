import { writeFileSync } from 'node:fs';
import { startRedisCluster, type RedisTestCluster } from '../src/redis/testing/index.js';
import { connectionName } from './clients/bench-client.js';
import { Arguments } from './common/arguments.js';
import { Child } from './common/child.js';
import { now, sleep } from './common/clock.js';
import { placeOf } from './common/place.js';
import { connectionsOf } from './common/server-connections.js';
import { formatTable } from './common/table.js';
import type { Holdings, LoadCounts } from './endurance/client-process.js';
import { flap, makeSentinelsQuick } from './endurance/flapping.js';
import { leaksBetween } from './endurance/leaks.js';

// Longer than the engine remembers a node that nobody lists any more, and than any deadline.
const SETTLE_MS = 10_000;
const WARM_UP_FLAPS = 10;

const given = new Arguments({ count: '200', rate: '100', json: '' });

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
  await child.call('open', placeOf(cluster), given.number('rate'));
  await makeSentinelsQuick(cluster);
  // The first ones fill the history and compile the code; they are not leaks.
  for (let i = 0; i < WARM_UP_FLAPS; i++) await flap(cluster);
  const before = await takeStock(child, cluster);
  const startedAt = now();
  const total = given.number('count');
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
  console.log(`\n${endedItself ? 'PASS' : 'FAIL'}  the process ends by itself after close()`);
  if (given.text('json') !== '') {
    writeFileSync(
      given.text('json'),
      `${JSON.stringify({ tookS, before, after, counts }, null, 1)}\n`,
    );
  }
  const isCorrect = endedItself && counts.unhandled === 0 && leaks.every(({ isLeak }) => !isLeak);
  process.exitCode = isCorrect ? 0 : 1;
} finally {
  await child.end();
}
