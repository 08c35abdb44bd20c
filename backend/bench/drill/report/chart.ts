// Curves over the seconds of a run, as inline SVG.
import { escape, number } from './text.mjs';

const WIDTH = 560;
const HEIGHT = 190;
const PAD = { left: 46, right: 10, top: 32, bottom: 22 };
const INNER = { width: WIDTH - PAD.left - PAD.right, height: HEIGHT - PAD.top - PAD.bottom };
const LABEL_ROW = 10;
const LABEL_ROWS = 3;
const LABEL_WIDTH = 58;
/** The others are lines with a tooltip, and rows of the table of steps. */
const LABELLED_STEPS = new Set(['promoted', 'first write']);

const LOG_TICKS = [1, 10, 100, 1000, 5000];

/** A scale from a value to a height. `log` for what spans four powers of ten. */
function yScale({ max, log }) {
  const floor = 0.5;
  const share = log
    ? (value) => Math.log(Math.max(value, floor) / floor) / Math.log(max / floor)
    : (value) => value / max;
  return (value) => PAD.top + INNER.height * (1 - Math.min(1, Math.max(0, share(value))));
}

/** Round numbers for an axis. */
export function ticksFor(max, log = false) {
  if (log) return LOG_TICKS.filter((tick) => tick <= max);
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((each) => each >= rough);
  const ticks = [];
  for (let tick = 0; tick <= max * 1.0001; tick += step) ticks.push(Math.round(tick * 100) / 100);
  return ticks;
}

/** The pieces of a curve: where a second has no value, the curve is interrupted. */
function pieces(values, x, y) {
  const paths = [];
  let open = null;
  for (const [second, value] of values.entries()) {
    if (value === null || value === undefined) {
      open = null;
      continue;
    }
    const point = `${x(second + 0.5).toFixed(1)},${y(value).toFixed(1)}`;
    if (open === null) paths.push((open = [point]));
    else open.push(point);
  }
  return paths.map((points) => points.join(' '));
}

function curve({ name, className, values }, x, y) {
  const lines = pieces(values, x, y).map((points) =>
    points.includes(' ')
      ? `<polyline class="line ${className}" points="${points}"/>`
      : `<circle class="dot ${className}" cx="${points.split(',')[0]}" cy="${points.split(',')[1]}" r="1.6"/>`,
  );
  return `<g><title>${escape(name)}</title>${lines.join('')}</g>`;
}

function axes({ x, y, ticks, seconds, unit }) {
  const rows = ticks.map((tick) => {
    const at = y(tick).toFixed(1);
    return (
      `<line class="grid" x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${at}" y2="${at}"/>` +
      `<text class="tick" x="${PAD.left - 6}" y="${at}" dy="3" text-anchor="end">${number(tick)}</text>`
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
function markLines(marks, x) {
  const ends = [];
  return marks.map(({ label, second, isFault }) => {
    const at = x(second);
    const row = isFault || LABELLED_STEPS.has(label) ? freeRow(ends, at) : null;
    const text =
      row === null
        ? ''
        : `<text class="mark-label" x="${(at + 2).toFixed(1)}" y="${8 + row * LABEL_ROW}">${escape(label)}</text>`;
    return (
      `<g class="${isFault ? 'fault' : 'step'}"><title>${escape(label)}, second ${second.toFixed(2)}</title>` +
      `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${PAD.top - 2}" y2="${HEIGHT - PAD.bottom}"/>${text}</g>`
    );
  });
}

function freeRow(ends, at) {
  const row = ends.findIndex((end) => end < at);
  const taken = row < 0 ? ends.length : row;
  if (taken >= LABEL_ROWS) return null;
  ends[taken] = at + LABEL_WIDTH;
  return taken;
}

/** A chart: `{ title, unit, seconds, series: [{ name, className, values }], marks, max, log }`. */
export function chart({ title, unit, seconds, series, marks, max, log = false }) {
  const x = (second) => PAD.left + (INNER.width * second) / seconds;
  const y = yScale({ max, log });
  const legend = series
    .map(({ name, className }) => `<span class="key ${className}">${escape(name)}</span>`)
    .join('');
  return (
    `<figure><figcaption>${escape(title)}<span class="keys">${legend}</span></figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">` +
    axes({ x, y, ticks: ticksFor(max, log), seconds, unit }) +
    series.map((each) => curve(each, x, y)).join('') +
    markLines(marks, x).join('') +
    '</svg></figure>'
  );
}
