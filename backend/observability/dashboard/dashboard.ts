import { RUNBOOKS_URL } from '../rule-groups.js';
import type { Panel, Query, Row } from './panel.js';
import { AWAY, COST, NODES } from './server-rows.js';
import { STATE } from './state-row.js';
import { CACHE, COMMANDS } from './traffic-rows.js';

/** What is shown, from above to below. */
export const ROWS: readonly Row[] = [STATE, COMMANDS, CACHE, NODES, AWAY, COST];

const COLUMNS = 24;
const HEIGHTS: Readonly<Record<Panel['type'], number>> = { timeseries: 8, stat: 4, table: 6 };
const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' };
const COLORLESS = 'text';
const RUNBOOKS_LINK = {
  title: 'Runbooks',
  type: 'link',
  icon: 'doc',
  tooltip: '',
  url: `${RUNBOOKS_URL}/README.md`,
  tags: [],
  asDropdown: false,
  targetBlank: true,
  includeVars: false,
  keepTime: false,
};

type Json = Readonly<Record<string, unknown>>;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** The dashboard as Grafana reads it. */
export function dashboard(): Json {
  return {
    uid: 'nestjs-redis-ha',
    title: 'Redis',
    description: 'nestjs-redis-ha: what state Redis is in, why, and what it costs.',
    tags: ['redis', 'nestjs-redis-ha'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '5s',
    time: { from: 'now-1h', to: 'now' },
    timepicker: { refresh_intervals: ['5s', '30s', '1m', '5m'] },
    templating: { list: variables() },
    annotations: { list: annotations() },
    links: [RUNBOOKS_LINK],
    panels: placed(ROWS),
  };
}

function variables(): Json[] {
  const all = 'environment=~"$environment"';
  return [
    { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
    variable('environment', 'label_values(redis_ha_info, environment)', false),
    variable('instance', `label_values(redis_ha_info{${all}}, instance)`),
    variable('connection', `label_values(redis_ha_info{${all}}, connection)`),
    variable(
      'namespace',
      `label_values(redis_ha_cache_requests_total{${all},connection=~"$connection"}, namespace)`,
    ),
  ];
}

function variable(name: string, query: string, hasAll = true): Json {
  return {
    name,
    label: name.charAt(0).toUpperCase() + name.slice(1),
    type: 'query',
    datasource: DATA_SOURCE,
    query,
    definition: query,
    // When the range of time changes: instances come and go.
    refresh: 2,
    sort: 1,
    multi: hasAll,
    includeAll: hasAll,
    ...(hasAll && { allValue: '.*', current: { text: 'All', value: '$__all' } }),
  };
}

function annotations(): Json[] {
  const shown = { datasource: DATA_SOURCE, enable: true, step: '5s' };
  const here = 'environment=~"$environment",connection=~"$connection"';
  return [
    {
      ...shown,
      name: 'Failovers',
      iconColor: 'red',
      expr: `max by (connection, reason) (increase(redis_ha_failovers_total{${here}}[15s])) > 0`,
      titleFormat: 'Failover ({{reason}})',
      textFormat: '{{connection}}',
    },
    {
      ...shown,
      name: 'Mode',
      iconColor: 'orange',
      expr: `max by (connection, to) (increase(redis_ha_mode_changes_total{${here}}[15s])) > 0`,
      titleFormat: 'Mode: {{to}}',
      textFormat: '{{connection}}',
    },
  ];
}

/** Gives each panel its number and its place: from left to right, and below where the line is full. */
function placed(rows: readonly Row[]): Json[] {
  const made: Json[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    made.push({
      id: made.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
      panels: [],
    });
    let [x, height] = [0, 0];
    for (const panel of panels) {
      const h = HEIGHTS[panel.type];
      if (x + panel.width > COLUMNS) [x, y, height] = [0, y + height, 0];
      made.push(panelJson(panel, made.length + 1, { x, y, w: panel.width, h }));
      x += panel.width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return made;
}

function panelJson(panel: Panel, id: number, gridPos: Place): Json {
  const { type, title, description, queries } = panel;
  return {
    id,
    type,
    title,
    description,
    gridPos,
    datasource: DATA_SOURCE,
    targets: queries.map((query, i) => target(query, i, type)),
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: optionsOf(type),
    ...(type === 'table' && { transformations: TABLE_COLUMNS }),
  };
}

function target({ expr, legend }: Query, i: number, type: Panel['type']): Json {
  const isNow = type !== 'timeseries';
  return {
    refId: String.fromCharCode('A'.charCodeAt(0) + i),
    datasource: DATA_SOURCE,
    expr,
    legendFormat: legend,
    instant: isNow,
    range: !isNow,
    ...(type === 'table' && { format: 'table' }),
  };
}

function fieldDefaults({ type, unit, min, max, stacked, thresholds, words }: Panel): Json {
  const steps = (thresholds ?? [{ from: 0, color: COLORLESS }]).map(({ from, color }, i) => ({
    // The first one holds from minus infinity on.
    value: i === 0 ? null : from,
    color,
  }));
  return {
    unit,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    color: { mode: thresholds === undefined ? 'palette-classic' : 'thresholds' },
    thresholds: { mode: 'absolute', steps },
    ...(words !== undefined && { mappings: [valueWords(words)] }),
    ...(type === 'timeseries' && { custom: lineStyle(stacked ?? false) }),
    ...(type === 'table' && {
      links: [RUNBOOKS_LINK],
      custom: { align: 'auto', inspect: false },
    }),
  };
}

function valueWords(words: Readonly<Record<number, string>>): Json {
  const entries = Object.entries(words).map(([value, text]) => [value, { text }] as const);
  return { type: 'value', options: Object.fromEntries(entries) };
}

function lineStyle(isStacked: boolean): Json {
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: isStacked ? 30 : 5,
    showPoints: 'never',
    // A process that is gone leaves a gap, and no line over it.
    spanNulls: false,
    stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
  };
}

// With what Grafana would take by itself, because its schemas ask for it.
function optionsOf(type: Panel['type']): Json {
  if (type === 'timeseries') {
    return {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    };
  }
  if (type === 'table') return { frameIndex: 0, showHeader: true, cellHeight: 'sm' };
  return {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: 'background',
    graphMode: 'none',
    textMode: 'value',
    justifyMode: 'auto',
    orientation: 'auto',
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: 'standard',
  };
}

const TABLE_COLUMNS = [
  {
    id: 'organize',
    options: {
      excludeByName: {
        Time: true,
        Value: true,
        __name__: true,
        alertstate: true,
        service: true,
        job: true,
      },
      indexByName: { alertname: 0, severity: 1, environment: 2, connection: 3, instance: 4 },
      renameByName: { alertname: 'Alert', severity: 'Severity' },
    },
  },
];
