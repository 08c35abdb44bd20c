import { withVariables } from '../../observability/dashboard/with-variables.js';
import type { Panel, Row } from '../../observability/dashboard/panel.js';
import type { ShownSeries } from '../../test/support/alerting-stack.js';
import { chart, type ChartMark, type Series } from '../../src/cli/report/chart.js';
import { escape } from '../../src/cli/report/escape.js';
import { STYLE } from '../../src/cli/report/page-style.js';

/** What is drawn: the seconds of a run, and what happened in it. */
export interface Drawn {
  readonly from: number;
  readonly to: number;
  readonly marks: readonly ChartMark[];
  /** What was told, and when. */
  readonly told: readonly string[];
}

/** Asks Prometheus for the values of an expression. */
export type Ask = (expr: string, from: number, to: number) => Promise<ShownSeries[]>;

const COLORS = ['a', 'b', 'c', 'd'];
const HEADROOM = 1.1;

/** The panels of the dashboard as a page, from the same queries: for whoever has no Grafana at hand. */
export async function picture(rows: readonly Row[], drawn: Drawn, ask: Ask): Promise<string> {
  const drawnRows = await Promise.all(
    rows.map(async ({ title, panels }) => {
      const lines = panels.filter(({ type }) => type === 'timeseries');
      if (lines.length === 0) return '';
      const charts = await Promise.all(lines.map((panel) => panelChart(panel, drawn, ask)));
      return `<h2>${escape(title)}</h2><div class="pair">${charts.join('')}</div>`;
    }),
  );
  const told = drawn.told.map((line) => `<li>${escape(line)}</li>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>The dashboard through a failover</title><style>${STYLE}</style></head><body><main>
<h1>The dashboard through a failover</h1>
<p class="soft">The queries of the dashboard, asked of a real Prometheus while the primary of a real cluster was killed under the sample backend.
Drawn by npm run bench:dashboard, not by Grafana.</p>
<h2>What was told</h2><ul>${told}</ul>
${drawnRows.join('\n')}
</main></body></html>
`;
}

async function panelChart(panel: Panel, drawn: Drawn, ask: Ask): Promise<string> {
  const { from, to, marks } = drawn;
  const seconds = Math.round(to - from);
  const answers = await Promise.all(
    panel.queries.map(async ({ expr, legend }) => {
      const found = await ask(withVariables(expr), from, to);
      return found.map((series) => ({ name: named(legend, series.metric), series }));
    }),
  );
  const curves = answers.flat().map(({ name, series }, i): Series => {
    const values = new Map(
      series.values.map(([at, value]) => [Math.round(at - from), Number(value)]),
    );
    return {
      name,
      className: COLORS[i % COLORS.length] ?? 'a',
      values: Array.from({ length: seconds }, (_, second) => finite(values.get(second))),
    };
  });
  const largest = Math.max(0, ...curves.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const max = panel.max ?? (largest > 0 ? largest * HEADROOM : 1);
  return chart({ title: panel.title, unit: panel.unit, seconds, series: curves, marks, max });
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

function named(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replace(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? '');
}
