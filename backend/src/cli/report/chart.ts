import { formatFigure } from '../measure/index.js';
import { escape } from './escape.js';

/** One curve. A second without a value is `null` or `NaN`. */
export interface Series {
  readonly name: string;
  readonly className: string;
  readonly values: readonly (number | null)[];
}

/** A moment of a run. */
export interface Mark {
  readonly label: string;
  /** Seconds after the start. */
  readonly second: number;
}

/** A vertical line. */
export interface ChartMark extends Mark {
  readonly isFault?: boolean;
}

/** Curves over the seconds of a run. */
export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly seconds: number;
  readonly series: readonly Series[];
  readonly marks: readonly ChartMark[];
  readonly max: number;
  /** For what spans four powers of ten. */
  readonly log?: boolean;
}

type Scale = (value: number) => number;

const WIDTH = 560;
const HEIGHT = 212;
const PAD = { left: 50, right: 10, top: 48, bottom: 24 };
const INNER = { width: WIDTH - PAD.left - PAD.right, height: HEIGHT - PAD.top - PAD.bottom };
const LABEL_ROW = 12;
const LABEL_ROWS = 3;
/** A letter of a label, as wide as they are on average and some more. */
const LETTER_WIDTH = 6.2;
/** The others are lines with a tooltip, and rows of the table of steps. */
const LABELLED_STEPS = new Set(['promoted', 'first write', 'writing again', 'whole again']);

const LOG_TICKS = [1, 10, 100, 1000, 5000];

/** A scale from a value to a height. */
function yScale(max: number, log: boolean): Scale {
  const floor = 0.5;
  const share = log
    ? (value: number) => Math.log(Math.max(value, floor) / floor) / Math.log(max / floor)
    : (value: number) => value / max;
  return (value) => PAD.top + INNER.height * (1 - Math.min(1, Math.max(0, share(value))));
}

/** Round numbers for an axis. */
export function ticksFor(max: number, log = false): number[] {
  if (log) return LOG_TICKS.filter((tick) => tick <= max);
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [1, 2, 2.5, 5, 10].map((times) => times * power);
  const step = steps.find((each) => each >= rough) ?? 10 * power;
  const ticks: number[] = [];
  for (let tick = 0; tick <= max * 1.0001; tick += step) ticks.push(Math.round(tick * 100) / 100);
  return ticks;
}

/** The pieces of a curve: where a second has no value, the curve is interrupted. */
function pieces(values: Series['values'], x: Scale, y: Scale): string[] {
  const paths: string[][] = [];
  let open: string[] | null = null;
  for (const [second, value] of values.entries()) {
    if (value === null || Number.isNaN(value)) {
      open = null;
      continue;
    }
    const point = `${x(second + 0.5).toFixed(1)},${y(value).toFixed(1)}`;
    if (open === null) paths.push((open = [point]));
    else open.push(point);
  }
  return paths.map((points) => points.join(' '));
}

function curve({ name, className, values }: Series, x: Scale, y: Scale): string {
  const lines = pieces(values, x, y).map((points) =>
    points.includes(' ')
      ? `<polyline class="line ${className}" points="${points}"/>`
      : dot(className, points),
  );
  return `<g><title>${escape(name)}</title>${lines.join('')}</g>`;
}

function dot(className: string, point: string): string {
  const [x = '', y = ''] = point.split(',');
  return `<circle class="dot ${className}" cx="${x}" cy="${y}" r="1.6"/>`;
}

function axes({ max, log = false, seconds, unit }: Chart, x: Scale, y: Scale): string {
  const ticks = ticksFor(max, log);
  const rows = ticks.map((tick) => {
    const at = y(tick).toFixed(1);
    return (
      `<line class="grid" x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${at}" y2="${at}"/>` +
      `<text class="tick" x="${PAD.left - 6}" y="${at}" dy="4" text-anchor="end">${formatFigure(tick)}</text>`
    );
  });
  const every = seconds > 120 ? 60 : 10;
  for (let second = 0; second <= seconds; second += every) {
    rows.push(
      `<text class="tick" x="${x(second).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="middle">${second}${second === 0 ? ' s' : ''}</text>`,
    );
  }
  return `${rows.join('')}<text class="tick" x="4" y="${PAD.top - 6}">${escape(unit)}</text>`;
}

/** Vertical lines. What is labelled moves to a free row, so that labels a moment apart stay readable. */
function markLines(marks: readonly ChartMark[], x: Scale): string[] {
  const ends: number[] = [];
  return marks.map(({ label, second, isFault = false }) => {
    const at = x(second);
    // At the right edge it stands before its line.
    const width = label.length * LETTER_WIDTH;
    const isLast = at + width > WIDTH;
    const from = isLast ? at - width : at;
    const row =
      isFault || LABELLED_STEPS.has(label) ? freeRow(ends, { from, to: from + width }) : null;
    const text =
      row === null
        ? ''
        : `<text class="mark-label" x="${(at + (isLast ? -3 : 3)).toFixed(1)}" y="${10 + row * LABEL_ROW}"${isLast ? ' text-anchor="end"' : ''}>${escape(label)}</text>`;
    return (
      `<g class="${isFault ? 'fault' : 'step'}"><title>${escape(label)}, second ${second.toFixed(2)}</title>` +
      `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${PAD.top - 2}" y2="${HEIGHT - PAD.bottom}"/>${text}</g>`
    );
  });
}

function freeRow(
  ends: number[],
  { from, to }: { readonly from: number; readonly to: number },
): number | null {
  const row = ends.findIndex((end) => end < from);
  const taken = row < 0 ? ends.length : row;
  if (taken >= LABEL_ROWS) return null;
  ends[taken] = to;
  return taken;
}

/** A chart as inline SVG. */
export function chart(given: Chart): string {
  const { title, seconds, series, marks, max, log = false } = given;
  const x = (second: number): number => PAD.left + (INNER.width * second) / seconds;
  const y = yScale(max, log);
  const legend = series
    .map(({ name, className }) => `<span class="key ${className}">${escape(name)}</span>`)
    .join('');
  return (
    `<figure><figcaption>${escape(title)}<span class="keys">${legend}</span></figcaption>` +
    `<div class="scroll"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">` +
    axes(given, x, y) +
    series.map((each) => curve(each, x, y)).join('') +
    markLines(marks, x).join('') +
    '</svg></div></figure>'
  );
}
