import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '../../common/json.js';
import {
  boundTable,
  drillPage,
  escape,
  type Fact,
  factTable,
  type PlainBound,
} from '../../../src/cli/report/index.js';

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
  const titles = runs.map((run) => `<h3>${escape(run)}</h3>`).join('');
  const rows = charts.map((pair) => `<div class="pair">${pair.join('')}</div>`);
  return drillPage({ title, what, date, passed: hasPassed(report) }, [
    '<h2>Verdict</h2>',
    boundTable(bounds),
    '<h2>Curves</h2>',
    '<p class="soft">Each second of the two runs, on the same scales.</p>',
    `<div class="pair">${titles}</div>${rows.join('<br>')}`,
    '<h2>How it was measured</h2>',
    factTable(facts),
  ]);
}
