import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress, type NodeAddress } from '../../src/redis/base/address/index.js';
import { isGiven, type AnyRow } from '../../src/redis/base/options/index.js';
import { CACHE, CALL_ROWS } from '../../src/redis/cache/values/cache-options.js';
import { OWN } from '../../src/redis/cache/warming/warm-up-plan.js';
import { SWITCHOVER } from '../../src/redis/cluster/switchover/index.js';
import {
  CALL_OPTIONS,
  SCAN_OPTIONS,
  SCRIPT,
  SUBSCRIBE_OPTIONS,
} from '../../src/redis/commands/index.js';
import { OPTION_TABLE } from '../../src/redis/config/index.js';
import { HEALTH_CHECK } from '../../src/redis/health/health.indicator.js';
import { HEALTH_MODULE } from '../../src/redis/health/health.module.js';
import { CHECK_ROWS } from '../../src/redis/health/plan-checks.js';
import { NAMED_CLIENTS } from '../../src/redis/liaoliaots/liaoliaots.module.js';
import { METRICS_MODULE } from '../../src/redis/metrics/metrics.module.js';
import { REGISTER } from '../../src/redis/nest/redis.module.js';
import { SESSION_MODULE } from '../../src/redis/sessions/session.module.js';
import { STORE } from '../../src/redis/sessions/stores/store-records.js';
import { TRACING } from '../../src/redis/tracing/tracing-options.js';

/** A table of options in a page, and the rows it must list. */
interface Told {
  readonly page: string;
  /** The heading above the table, without its signs. */
  readonly heading: string;
  readonly rows: readonly (readonly [string, AnyRow])[];
  /** Defaults that depend on something else, in the words of the page. */
  readonly inWords?: Readonly<Record<string, string>>;
}

type TableRows = Told['rows'];

function rowsOf(rows: Readonly<Record<string, AnyRow>>): TableRows {
  return Object.entries(rows);
}

/** The same rows, of which some are told under another name. */
function renamed(rows: TableRows, names: Readonly<Record<string, string>>): TableRows {
  return rows.map(([name, row]) => [names[name] ?? name, row] as const);
}

const TOLD: readonly Told[] = [
  {
    page: 'configuration',
    heading: 'Every option',
    rows: OPTION_TABLE.map((row) => [row.path, row] as const),
  },
  {
    page: 'cache',
    heading: 'Options',
    rows: rowsOf({ ...CALL_ROWS, ...CACHE.rows }),
    inWords: { serializer: '`jsonSerializer`' },
  },
  { page: 'warming', heading: 'Options', rows: rowsOf(OWN.rows) },
  {
    page: 'sessions',
    heading: 'Options',
    rows: renamed(rowsOf(SESSION_MODULE.rows), { cookie: 'cookie.name' }),
    inWords: {
      keys: '`sessions.keys` of the connection',
      plainData: '`sessions.plainData` of the connection',
    },
  },
  {
    page: 'sessions',
    heading: 'Stores for express-session and Fastify',
    rows: rowsOf(STORE.rows),
    inWords: {
      clock: 'that of the sessions',
      bus: 'that of the sessions',
      keys: 'those of the sessions',
      plainData: 'that of the sessions',
    },
  },
  { page: 'health', heading: 'Options', rows: rowsOf(HEALTH_MODULE.rows) },
  {
    page: 'health',
    heading: 'Checks of your own',
    rows: rowsOf(CHECK_ROWS),
    inWords: { key: 'as it called itself before' },
  },
  { page: 'health', heading: 'Only the indicator', rows: rowsOf(HEALTH_CHECK.rows) },
  {
    page: 'metrics',
    heading: 'Options',
    rows: rowsOf(METRICS_MODULE.rows),
    inWords: { registry: 'the global one of prom-client' },
  },
  {
    page: 'tracing',
    heading: 'Options',
    rows: rowsOf(TRACING.rows),
    inWords: { tracerProvider: 'that of `@opentelemetry/api`' },
  },
  {
    page: 'connections',
    heading: 'Several connections',
    rows: rowsOf(REGISTER.rows),
    inWords: { cache: 'those of [the cache](cache.md#options)', logger: 'that of Nest' },
  },
  {
    page: 'connections',
    heading: 'Named clients of @liaoliaots/nestjs-redis',
    rows: rowsOf(NAMED_CLIENTS.rows),
  },
  {
    page: 'commands',
    heading: 'Per-call options',
    rows: rowsOf(CALL_OPTIONS.rows),
    inWords: {
      timeoutMs: '`readTimeoutMs` or `writeTimeoutMs`',
      readPolicy: '`routing.readPolicy`',
      idempotent: 'what the command suggests',
    },
  },
  { page: 'commands', heading: 'Scripts', rows: rowsOf(SCRIPT.rows) },
  { page: 'commands', heading: 'Scanning', rows: rowsOf(SCAN_OPTIONS.rows) },
  {
    page: 'commands',
    heading: 'Subscriptions',
    rows: rowsOf(SUBSCRIBE_OPTIONS.rows),
    inWords: { timeoutMs: '`routing.writeTimeoutMs`' },
  },
  {
    page: 'failover',
    heading: 'Options',
    rows: rowsOf(SWITCHOVER.rows),
    inWords: { to: 'Sentinel chooses' },
  },
];

type Cells = readonly string[];

/** The rows of the option tables between a heading and the next of its rank: cells by the name of the option. */
function tableOf({ page, heading }: Told): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const lines = readFileSync(join(__dirname, `../../../docs/${page}.md`), 'utf8').split('\n');
  const begin = lines.findIndex((line) => /^#+ /.test(line) && line.endsWith(` ${heading}`));
  const rank = /^#+/.exec(lines[begin] ?? '')?.[0].length ?? 0;
  const isNext = (line: string): boolean => new RegExp(`^#{1,${String(rank)}} `).test(line);
  const length = lines.slice(begin + 1).findIndex(isNext);
  const section = lines.slice(begin + 1, length === -1 ? undefined : begin + 1 + length);
  let header: Cells = [];
  const found = new Map<string, Readonly<Record<string, string>>>();
  for (const line of section) {
    if (!line.startsWith('|')) header = [];
    const cells = cellsOf(line);
    if (cells[0] === 'Option' || cells[0] === 'Member') header = cells;
    if (header.length === 0) continue;
    for (const [, name = ''] of (cells[0] ?? '').matchAll(/`([\w.]+)`/g)) {
      found.set(name, Object.fromEntries(header.map((title, i) => [title, cells[i] ?? ''])));
    }
  }
  return found;
}

function cellsOf(line: string): Cells {
  const cells = line.split('|').slice(1, -1);
  return cells.map((cell) => cell.trim());
}

/** What the Default cell must begin with, from the row. */
function defaultInWords({ byDefault, rule }: AnyRow): string {
  if (byDefault === null) return rule.accepts(null) ? '`null`' : 'none';
  // Something must be given.
  if (byDefault === undefined) return '';
  const isEmpty = typeof byDefault === 'object' && Object.keys(byDefault).length === 0;
  if (isEmpty || typeof byDefault === 'function') return 'none';
  if (isGiven(byDefault)) return `\`${formatAddress(byDefault as unknown as NodeAddress)}\``;
  const text = JSON.stringify(byDefault);
  return `\`${text.replaceAll('"', "'")}\``;
}

describe.each(TOLD.map((told) => [`${told.page}.md, ${told.heading}`, told] as const))(
  'docs/%s',
  (_, told) => {
    const table = tableOf(told);

    it.each(told.rows.map(([path, row]) => [path, row] as const))(
      'has a row for %s with its variables and its default',
      (path, row) => {
        const { Variable, Default = '' } = table.get(path) ?? {};
        // Where no variable is its own, the page says which others set it.
        const named = row.env.length === 0 ? [] : (Variable?.match(/REDIS_\w+/g) ?? []);
        expect(table.has(path)).toBe(true);
        expect(named).toEqual(row.env);
        const wanted = told.inWords?.[path] ?? defaultInWords(row);
        expect(Default.slice(0, wanted.length)).toBe(wanted);
      },
    );

    it('has no row for an option that does not exist', () => {
      expect([...table.keys()].sort()).toEqual(told.rows.map(([path]) => path).sort());
    });
  },
);

describe('docs/configuration.md', () => {
  it('names no variable that is not read', () => {
    const page = readFileSync(join(__dirname, '../../../docs/configuration.md'), 'utf8');
    const known = new Set(OPTION_TABLE.flatMap(({ env }) => env));
    const families = /^REDIS_(?:ROUTING|NODE|POOLS|FALLBACK|JOURNAL|HOT_KEYS|NEAR|SENTINEL)_$/;
    const named = new Set(page.match(/REDIS_\w+/g) ?? []);
    expect([...named].filter((name) => !known.has(name) && !families.test(name))).toEqual([]);
  });
});
