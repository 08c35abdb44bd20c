import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '../../common/json.js';
import { escape } from './escape.js';
import { STYLE } from './style.js';
import { type Fact, factTable } from './tables.js';

/** Something that a drill must show, and what was seen. */
export interface PlainBound {
  readonly what: string;
  readonly why: string;
  readonly seen: string;
  readonly holds: boolean;
}

/** A report of a drill that compares two runs of its own with each other. */
export interface PlainReport {
  readonly title: string;
  readonly what: string;
  readonly date: string;
  readonly bounds: readonly PlainBound[];
  /** The names of the runs, and their charts side by side, row after row. */
  readonly runs: readonly [string, string];
  readonly charts: readonly (readonly [string, string])[];
  readonly facts: readonly Fact[];
}

/** Whether every bound holds. */
export function hasPassed({ bounds }: Pick<PlainReport, 'bounds'>): boolean {
  return bounds.every(({ holds }) => holds);
}

/** Writes report.json, with all that was measured, and report.html; returns their paths. */
export function writePlainReport(folder: string, report: PlainReport, measured: object): string[] {
  mkdirSync(folder, { recursive: true });
  const html = join(folder, 'report.html');
  const json = join(folder, 'report.json');
  const { title, what, date, bounds } = report;
  writeFileSync(html, toPlainHtml(report));
  writeJson(json, { title, what, date, passed: hasPassed(report), bounds, ...measured });
  return [html, json];
}

/** The report as one page that needs nothing else. */
export function toPlainHtml(report: PlainReport): string {
  const { title, what, date, bounds, runs, charts, facts } = report;
  const [className, verdict] = hasPassed(report)
    ? ['good', 'every bound holds']
    : ['bad', 'not passed'];
  const titles = runs.map((run) => `<h3>${escape(run)}</h3>`).join('');
  const rows = charts.map((pair) => `<div class="pair">${pair.join('')}</div>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Drill: ${escape(title)}</title><style>${STYLE}</style></head><body><main>
<h1>Drill: ${escape(title)}<span class="badge ${className}">${verdict}</span></h1>
<p class="soft">${escape(what)} · ${escape(date.slice(0, 16).replace('T', ' '))} UTC</p>
<h2>Verdict</h2>
${boundTable(bounds)}
<h2>Curves</h2>
<p class="soft">Each second of the two runs, on the same scales.</p>
<div class="pair">${titles}</div>${rows.join('<br>')}
<h2>How it was measured</h2>
${factTable(facts)}
</main></body></html>
`;
}

function boundTable(bounds: readonly PlainBound[]): string {
  const rows = bounds.map(
    ({ what, why, seen, holds }) =>
      `<tr><td>${escape(what)}<div class="why">${escape(why)}</div></td><td>${escape(seen)}</td>` +
      `<td><span class="mark ${holds ? 'yes' : 'no'}">${holds ? '✓ holds' : '✗ broken'}</span></td></tr>`,
  );
  const head = '<tr><th>Bound</th><th>measured</th><th>verdict</th></tr>';
  return `<div class="box"><table>${[head, ...rows].join('')}</table></div>`;
}
