import { drillPage, escape, factTable, tile, warning } from '../../../src/cli/report/index.js';
import { formatFigure, formatShare } from '../../../src/cli/measure/figures.js';
import { KINDS } from '../arguments.js';
import { phaseOf, type Report, type Result } from '../results.js';
import { curves } from './curves.js';
import { factsOf } from './facts.js';
import { failoverTable, kindTable, phaseTable, verdictTable } from './tables.js';

/** The report as one page that needs nothing else. */
export function toHtml(report: Report): string {
  const { ours, bare } = report;
  const both = bare === null ? [ours] : [ours, bare];
  const { title, what, warnings } = headOf(report);
  return drillPage({ title, what, date: report.date, passed: report.passed }, [
    ...warnings.map(warning),
    tiles(report),
    '<h2>Verdict</h2>',
    verdictTable(report.verdict, bare !== null),
    '<h2>Curves</h2>',
    `<p class="soft">Each second of the run; a request counts in the second in which it was due. Latency is counted from that
moment, on a logarithmic scale that ends at the time limit of 5 s. The red line is the fault, dashed lines are what the
Sentinels and a watching client said.</p>`,
    curves(both),
    '<h2>Steps</h2>',
    `<div class="pair">${both.map((result) => titled(result.title, failoverTable(result))).join('')}</div>`,
    '<h2>Stretches of the run</h2>',
    both
      .map(
        (result) =>
          `<div class="pair">${titled(result.title, phaseTable(result))}${titled('', kindTable(result))}</div><br>`,
      )
      .join(''),
    '<h2>How it was measured</h2>',
    factTable(factsOf(report)),
  ]);
}

function titled(title: string, html: string): string {
  if (html === '') return '<div></div>';
  return `<div><h3>${title === '' ? '&nbsp;' : escape(title)}</h3>${html}</div>`;
}

function headOf({ kind, problem, note, ours }: Report): {
  readonly title: string;
  readonly what: string;
  readonly warnings: readonly string[];
} {
  const { failure } = ours.fault;
  const failed = failure === null ? null : `The fault could not be carried out in full: ${failure}`;
  return {
    title: kind,
    what: `${KINDS[kind].what} · ${formatFigure(ours.rate)} requests/s on two instances`,
    warnings: [problem, note, failed].filter((text) => text !== null),
  };
}

type Tile = readonly [name: string, figure: (result: Result) => string];

const COMMON_TILES: readonly Tile[] = [
  ['requests failed', ({ run }) => formatFigure(run.whole.failed)],
  ['sessions lost', ({ verified }) => formatFigure(verified.lastingLost + verified.freshLost)],
];

const STEADY_TILES: readonly Tile[] = [
  ['requests per second over HTTP', ({ rate }) => formatFigure(rate)],
  ['p99', (result) => `${formatFigure(phaseOf(result, 'steady')?.p99)} ms`],
  ...COMMON_TILES,
  ['operations per second without HTTP', ({ direct }) => formatFigure(direct?.perSecond)],
];

const FAULT_TILES: readonly Tile[] = [
  ['p99 during the fault', (result) => `${formatFigure(phaseOf(result, 'during')?.p99)} ms`],
  ...COMMON_TILES,
  ['worst second without answers', (result) => formatShare(phaseOf(result, 'during')?.worstDrop)],
];

function tiles({ kind, ours, bare }: Report): string {
  const draw = ([name, figure]: Tile): string =>
    tile(name, figure(ours), bare === null ? '' : `bare ioredis: ${figure(bare)}`);
  const wanted = kind === 'steady' ? STEADY_TILES : FAULT_TILES;
  return `<div class="tiles">${wanted.map(draw).join('')}</div>`;
}
