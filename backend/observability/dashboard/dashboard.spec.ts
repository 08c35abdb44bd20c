import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeNeeds } from '../../test/support/needs.js';
import { unknownMetrics } from '../known-metrics.js';
import { toYaml } from '../to-yaml.js';
import { dashboard, ROWS } from './dashboard.js';
import { withVariables } from './with-variables.js';

interface MadePanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Made {
  readonly refresh: string;
  readonly panels: readonly MadePanel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const made = dashboard() as unknown as Made;
const panels = made.panels.filter(({ type }) => type !== 'row');
const queries = [
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => [`${title}, ${refId}`, expr] as const),
  ),
  ...made.annotations.list.map(({ expr }, i) => [`annotation ${i}`, expr] as const),
];

/** What the requirements want to see, by a word of the title. */
const WANTED = [
  /Hit rate/,
  /Latency of reads/,
  /Latency of writes/,
  /Errors/,
  /Connections/,
  /Memory of the nodes/,
  /Throughput/,
  /Replication lag/,
  /Failovers/,
  /Share of reads and writes/,
  /Hot keys/,
  /Warm-up/,
  /Cost a day/,
  /Modes/,
  /Journal/,
  /Near copies/,
  /Sessions/,
  /Processor time/,
];

describe('the dashboard', () => {
  it.each(WANTED)('has a panel %s', (title) => {
    expect(panels.some((panel) => title.test(panel.title))).toBe(true);
  });

  it('has numbers, letters and places of its own for everything', () => {
    expect(new Set(made.panels.map(({ id }) => id)).size).toBe(made.panels.length);
    const taken = new Set<string>();
    for (const { gridPos, targets = [] } of made.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken).not.toContain(`${x},${y}`);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it('says of each panel what it means', () => {
    const all = ROWS.flatMap(({ panels: inRow }) => inRow);
    for (const { description, title } of all) {
      expect(title).toMatch(/^[A-Z].*[a-z]$/i);
      expect(description).toMatch(/^\S.{10,}\.$/);
    }
  });

  it('is renewed every five seconds, and chooses by environment, instance, connection and namespace', () => {
    expect(made.refresh).toBe('5s');
    const names = made.templating.list.map(({ name }) => name);
    expect(names).toEqual(['datasource', 'environment', 'instance', 'connection', 'namespace']);
  });

  it.each(queries)('asks for no metric that does not exist: %s', (_title, expr) => {
    expect(unknownMetrics(expr)).toEqual([]);
  });

  it.each(queries)('uses no variable that it does not have: %s', (_title, expr) => {
    expect(withVariables(expr)).not.toContain('$');
  });
});

describeNeeds('prometheus')('promtool', () => {
  it('understands each query of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
    const file = join(folder, 'queries.yml');
    const rules = queries.map(([, expr], i) => ({
      record: `query:${i}`,
      expr: withVariables(expr),
    }));
    writeFileSync(file, toYaml({ groups: [{ name: 'queries', rules }] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect(status === 0 ? 'understood' : stdout + stderr).toBe('understood');
  });
});
