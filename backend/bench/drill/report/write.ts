// Writes report.json and report.html.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHtml } from './html.mjs';

/** Three digits after the point are enough for anybody. */
const short = (_key, value) =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;

/** Answers the paths of both files. */
export function writeReport(folder, report) {
  mkdirSync(folder, { recursive: true });
  const html = join(folder, 'report.html');
  const json = join(folder, 'report.json');
  writeFileSync(html, toHtml(report));
  writeFileSync(json, `${JSON.stringify(report, short, 1)}\n`);
  return [html, json];
}
