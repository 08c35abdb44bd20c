import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '../../common/json.js';
import type { Report } from '../results.js';
import { toHtml } from './html.js';

/** Writes report.json and report.html; returns their paths. */
export function writeReport(folder: string, report: Report): string[] {
  mkdirSync(folder, { recursive: true });
  const html = join(folder, 'report.html');
  const json = join(folder, 'report.json');
  writeFileSync(html, toHtml(report));
  writeJson(json, report);
  return [html, json];
}
