import { optionsOf, positiveNumber } from './common/arguments.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { formatFigure, formatNumber } from '../src/cli/measure/figures.js';
import { median, sum } from '../src/cli/measure/statistics.js';
import { formatTable } from './common/table.js';
import { ACTS, measureAll, SIZES, WAYS, type Leg } from './encryption/measure.js';

const { seconds, rounds, json } = optionsOf('bench:encryption', {
  seconds: positiveNumber(0.5, 'length of one leg, in seconds'),
  rounds: positiveNumber(9, 'how often each has its turn'),
  json: JSON_FILE,
});

const perWay = WAYS.flatMap((way) => [`${way}/s`, 'CPU µs']);
const header = ['call', 'bytes', ...perWay, 'ratio of /s', 'from–to', 'of CPU', 'from–to'];
console.log('Sessions on one Redis, 50 callers with one call at a time; medians of the rounds');
const legs = await measureAll(rounds, seconds * 1000);
const rows = ACTS.flatMap((act) => SIZES.map((bytes) => rowOf(legs, act, bytes)));
console.log(formatTable(header, rows));
writeJson(json, legs);
// How fast it is depends on the machine; an error does not.
process.exitCode = sum(legs.map(({ errors }) => errors)) === 0 ? 0 : 1;

function rowOf(all: readonly Leg[], act: string, bytes: number): string[] {
  const [plain = [], encrypted = []] = WAYS.map((way) =>
    all.filter((leg) => leg.act === act && leg.bytes === bytes && leg.way === way),
  );
  const ratioOf = (what: 'perSecond' | 'cpuUs'): string[] => {
    // Neighbours in time are compared, so that a busy moment counts for both.
    const ratios = plain.map((leg, i) => (encrypted[i]?.[what] ?? NaN) / leg[what]);
    const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
    return [formatNumber(median(ratios), 2), `${formatNumber(least, 2)}–${formatNumber(most, 2)}`];
  };
  const middle = (of: readonly Leg[]): string[] => [
    formatFigure(median(of.map(({ perSecond }) => perSecond))),
    formatFigure(median(of.map(({ cpuUs }) => cpuUs))),
  ];
  const figures = [plain, encrypted].flatMap(middle);
  return [act, String(bytes), ...figures, ...ratioOf('perSecond'), ...ratioOf('cpuUs')];
}
