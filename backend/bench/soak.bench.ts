import { startRedisCluster } from '../src/redis/testing/index.js';
import { optionsOf, positiveNumber } from './common/arguments.js';
import { Child } from './common/child.js';
import { now, sleepUntil } from './common/clock.js';
import { findingLine } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { formatNumber } from '../src/cli/measure/figures.js';
import { placeOf } from './common/place.js';
import { sum } from '../src/cli/measure/statistics.js';
import { formatTable } from './common/table.js';
import type { Holdings, LoadCounts } from './endurance/client-process.js';
import { memoryVerdict } from './endurance/memory-verdict.js';

const EVERY_MS = 10_000;
const MIB = 1 << 20;

const given = optionsOf('bench:soak', {
  minutes: positiveNumber(5, 'how long, in minutes'),
  rate: positiveNumber(1000, 'operations a second'),
  json: JSON_FILE,
});

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
  await child.call('open', placeOf(cluster), given.rate);
  const total = Math.max(3, Math.round((given.minutes * 60_000) / EVERY_MS));
  const samples = await watch(child, total);
  const counts = await child.call<LoadCounts>('counts');
  await child.call('close');
  const endedItself = await child.end();

  console.log(table(samples));
  const failed = sum(Object.values(counts.failed));
  console.log(`\n${String(counts.reads + counts.writes)} answered, ${String(failed)} failed`);
  const memory = memoryVerdict(samples);
  console.log(findingLine(memory));
  writeJson(given.json, { samples, counts });
  const isCorrect = failed === 0 && counts.unhandled === 0 && endedItself;
  process.exitCode = isCorrect && memory.isKept ? 0 : 1;
} finally {
  await child.end();
}
