import { optionsOf, positiveNumber } from './common/arguments.js';
import { findingLine, isCorrect, timing } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { median } from '../src/cli/measure/statistics.js';
import { formatTable } from './common/table.js';
import { measureHits, measureZipf, type SpeedLeg } from './near-speed/measure.js';
import type { ReaderKind } from './near-speed/values.js';
import { installPeers } from './peers/install.js';

const given = optionsOf('bench:near-speed', {
  keys: positiveNumber(100_000, 'keys that are read by Zipf(1.0)'),
  rounds: positiveNumber(5, 'how often each has its turn'),
  seconds: positiveNumber(2, 'length of one leg, in seconds'),
  json: JSON_FILE,
});
installPeers();
const { keys, rounds, json } = given;
const order = { keys, rounds, legMs: given.seconds * 1_000 };

const zipfKinds = ['namespace', 'redis.near', 'ioredis', 'Map with copies', 'lru-cache'] as const;
const zipf = await measureZipf({ ...order, kinds: zipfKinds });
console.log(`\nZipf(1.0) over ${String(keys)} keys, 100 callers, 1 % writes by another process\n`);
console.log(tableOf(zipf, 'ioredis'));
const hitKinds = [
  'namespace',
  'namespace, shared objects',
  'redis.near',
  'Map with copies',
  'lru-cache',
] as const;
const hits = await measureHits({ ...order, kinds: hitKinds });
console.log('\nHits alone, one after the other, 1,000 keys\n');
console.log(tableOf(hits, 'lru-cache'));

const findings = [
  ...(['namespace', 'redis.near'] as const).flatMap((kind) => {
    const [share, times] = [hitRateOf(zipf, kind), rateOf(zipf, kind) / rateOf(zipf, 'ioredis')];
    return [
      timing(share >= 0.95, `${kind}: ${(100 * share).toFixed(1)} % hits (at least 95 %)`),
      timing(times >= 10, `${kind}: ${times.toFixed(1)} x a bare ioredis (at least 10 x)`),
    ];
  }),
  timing(
    rateOf(hits, 'namespace') >= 1_000_000,
    `a hit with an object of its own: ${shown(rateOf(hits, 'namespace'))} a second (at least 1,000,000)`,
  ),
];
console.log(`\n${findings.map(findingLine).join('\n')}`);
writeJson(json, { zipf, hits });
process.exitCode = isCorrect(findings) ? 0 : 1;

function tableOf(legs: readonly SpeedLeg[], base: ReaderKind): string {
  const kinds = [...new Set(legs.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => {
    const rates = legs.filter((leg) => leg.kind === kind).map(({ perSecond }) => perSecond);
    const times = rateOf(legs, kind) / rateOf(legs, base);
    return [
      kind,
      shown(rateOf(legs, kind)),
      `${shown(Math.min(...rates))} to ${shown(Math.max(...rates))}`,
      `${(100 * hitRateOf(legs, kind)).toFixed(1)} %`,
      `${(100 * writeShareOf(legs, kind)).toFixed(2)} %`,
      `${times.toFixed(2)} x`,
      usEachOf(legs, kind).toFixed(2),
    ];
  });
  return formatTable(
    ['reader', 'reads a second', 'worst and best', 'hits', 'writes', base, 'cpu µs each'],
    rows,
  );
}

function rateOf(legs: readonly SpeedLeg[], kind: ReaderKind): number {
  return median(legs.filter((leg) => leg.kind === kind).map(({ perSecond }) => perSecond));
}

function usEachOf(legs: readonly SpeedLeg[], kind: ReaderKind): number {
  return median(legs.filter((leg) => leg.kind === kind).map(({ usEach }) => usEach));
}

function hitRateOf(legs: readonly SpeedLeg[], kind: ReaderKind): number {
  return median(legs.filter((leg) => leg.kind === kind).map(({ hitRate }) => hitRate));
}

function writeShareOf(legs: readonly SpeedLeg[], kind: ReaderKind): number {
  return median(legs.filter((leg) => leg.kind === kind).map(({ writeShare }) => writeShare));
}

function shown(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
