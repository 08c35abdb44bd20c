import { writeFileSync } from 'node:fs';
import { startRedisCluster } from '../src/redis/testing/index.js';
import { Arguments } from './common/arguments.js';
import { Child } from './common/child.js';
import { now, sleepUntil } from './common/clock.js';
import { placeOf } from './common/place.js';
import { formatNumber, formatTable } from './common/table.js';
import type { Holdings, LoadCounts } from './endurance/client-process.js';
import { memoryVerdict } from './endurance/memory-verdict.js';

const EVERY_MS = 10_000;
const MIB = 1 << 20;

const given = new Arguments({ minutes: '5', rate: '1000', json: '' });

/** Looks at what the process holds, every ten seconds. */
async function watch(child: Child, total: number): Promise<Holdings[]> {
  const samples: Holdings[] = [];
  const startedAt = now();
  for (let i = 1; i <= total; i++) {
    await sleepUntil(startedAt + i * EVERY_MS);
    samples.push(await child.call<Holdings>('hold'));
    process.stderr.write(`${String(i)} of ${String(total)}\n`);
  }
  return samples;
}

function table(samples: readonly Holdings[]): string {
  const rows = samples.map(({ heapUsed, rss, pending, listeners }, i) => [
    String(((i + 1) * EVERY_MS) / 1000),
    formatNumber(heapUsed / MIB, 2),
    formatNumber(rss / MIB, 1),
    String(pending),
    String(listeners),
  ]);
  return formatTable(['s', 'heap MiB', 'rss MiB', 'pending', 'listeners'], rows);
}

await using cluster = await startRedisCluster({ downAfterMs: 3000 });
const module = new URL('./endurance/client-process.js', import.meta.url);
const child = Child.start('ours', module, ['--expose-gc']);
try {
  await child.call('open', placeOf(cluster), given.number('rate'));
  const total = Math.max(3, Math.round((given.number('minutes') * 60_000) / EVERY_MS));
  const samples = await watch(child, total);
  const counts = await child.call<LoadCounts>('counts');
  await child.call('close');
  const endedItself = await child.end();

  console.log(table(samples));
  const failed = Object.values(counts.failed).reduce((sum, count) => sum + count, 0);
  console.log(`\n${String(counts.reads + counts.writes)} answered, ${String(failed)} failed`);
  const memory = memoryVerdict(samples);
  console.log(`${memory.isFlat ? 'PASS' : 'FAIL'}  ${memory.text}`);
  if (given.text('json') !== '') {
    writeFileSync(given.text('json'), `${JSON.stringify({ samples, counts }, null, 1)}\n`);
  }
  const isCorrect = failed === 0 && counts.unhandled === 0 && endedItself;
  process.exitCode = isCorrect && memory.isFlat ? 0 : 1;
} finally {
  await child.end();
}
