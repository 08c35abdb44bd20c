import { optionsOf, positiveNumber } from './common/arguments.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { formatFigure, formatNumber } from '../src/cli/measure/figures.js';
import { median, sum } from '../src/cli/measure/statistics.js';
import { formatTable } from './common/table.js';
import { measureCapacity, type Work } from './capacity/measure.js';

const { count, seconds, rounds, json } = optionsOf('bench:capacity', {
  count: positiveNumber(10_000, 'how many of each are written to see what one takes'),
  seconds: positiveNumber(1, 'length of one leg, in seconds'),
  rounds: positiveNumber(5, 'how often each has its turn'),
  json: JSON_FILE,
});

const measured = await measureCapacity({ count, legMs: seconds * 1000, rounds });
const { version, rooms, works } = measured;
console.log(`Memory of Redis ${version}: used_memory over ${String(count)} of each\n`);
console.log(
  formatTable(
    ['what', 'bytes given', 'bytes taken', 'beside what is given'],
    rooms.map(({ what, given, bytes }) => [
      what,
      formatFigure(given),
      formatFigure(Math.round(bytes)),
      formatFigure(Math.round(bytes - given)),
    ]),
  ),
);
console.log('\nProcessor time, 50 callers with one call at a time; medians of the rounds\n');
console.log(
  formatTable(
    [
      'call',
      'a second',
      'µs of Redis',
      'a core of Redis does',
      'µs of the process',
      'a core of it does',
    ],
    [...new Set(works.map(({ what }) => what))].map(rowOf),
  ),
);
writeJson(json, measured);
// How fast it is depends on the machine; an error does not.
process.exitCode = sum(works.map(({ errors }) => errors)) === 0 ? 0 : 1;

function rowOf(what: string): string[] {
  const mine = works.filter((work) => work.what === what);
  const middle = (of: (work: Work) => number): number => median(mine.map(of));
  const redisUs = middle((work) => work.redisUs);
  const processUs = middle((work) => work.processUs);
  return [
    what,
    formatFigure(middle(({ perSecond }) => perSecond)),
    formatNumber(redisUs, 1),
    formatFigure(Math.round(1e6 / redisUs)),
    formatNumber(processUs, 1),
    formatFigure(Math.round(1e6 / processUs)),
  ];
}
