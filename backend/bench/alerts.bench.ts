import { SHORTER, type ToldAlert } from './alerts/told-alert.js';
import { optionsOf, positiveNumber } from './common/arguments.js';
import { Child } from './common/child.js';
import { findingLine, timing } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { median, worst } from '../src/cli/measure/statistics.js';

const given = optionsOf('bench:alerts', {
  rounds: positiveNumber(10, 'how often the primary of a fresh cluster is killed'),
  beside: positiveNumber(2, 'rounds side by side'),
  json: JSON_FILE,
});
const TOLD_WITHIN_MS = 30_000;

const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

async function inProcess<T>(method: string): Promise<T> {
  const child = Child.start(method, new URL('./alerts/round-process.js', import.meta.url));
  try {
    return await child.call<T>(method);
  } finally {
    await child.end();
  }
}

const delays: number[] = [];
let begun = 0;
await Promise.all(
  Array.from({ length: given.beside }, async () => {
    while (begun++ < given.rounds) {
      const ms = await inProcess<number>('failover');
      delays.push(ms);
      console.log(`${delays.length}: told ${inSeconds(ms)} after the primary was killed`);
    }
  }),
);
const p50 = median(delays);
console.log(`\n${delays.length} kills: p50 ${inSeconds(p50)}, worst ${inSeconds(worst(delays))}`);
console.log(findingLine(timing(worst(delays) < TOLD_WITHIN_MS, 'told within 30 s, each of them')));
console.log(
  `\nAlerts of what lasts, with \`for\` divided by ${SHORTER.lasting} and windows of five minutes by ${SHORTER.window}:`,
);
const slow = await inProcess<ToldAlert[]>('slow');
for (const { alert, how, ms } of slow) console.log(`${alert}: ${inSeconds(ms)}, by ${how}`);
writeJson(given.json, { delays, slow });
