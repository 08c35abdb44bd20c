import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress } from '../../src/redis/base/address/index.js';
import { DEFAULTS, OPTION_TABLE } from '../../src/redis/config/index.js';

const PAGE = readFileSync(join(__dirname, '../../../docs/configuration.md'), 'utf8');
const COLUMNS = ['Option', 'Variable', 'Range', 'Default', 'Meaning', 'Trap'];

/** The rows of the option tables: the cells by the option in the first one. */
const ROWS = new Map(
  PAGE.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter((cells) => cells.length === COLUMNS.length && /^`[\w.]+`$/.test(cells[0] ?? ''))
    .map((cells) => [(cells[0] ?? '').replaceAll('`', ''), cells] as const),
);

const OWN_ADDRESS = new Map<string, unknown>([
  ['host', DEFAULTS.address.host],
  ['port', DEFAULTS.address.port],
]);

/** What the Default cell must say, from the table of default values. */
function documentedDefault(path: string): string {
  if (path === 'fallbackAddress') return `\`${formatAddress(DEFAULTS.address)}\``;
  const value = OWN_ADDRESS.get(path) ?? valueAt(path.split('.'));
  if (value === null || value === undefined || Array.isArray(value)) return 'none';
  return typeof value === 'string' ? `\`'${value}'\`` : `\`${JSON.stringify(value)}\``;
}

function valueAt(keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key],
    DEFAULTS,
  );
}

describe('docs/configuration.md', () => {
  it.each(OPTION_TABLE.map((row) => [row.path, row] as const))(
    'has a row for %s with its variables and its default',
    (path, row) => {
      const [, variables = '', , byDefault] = ROWS.get(path) ?? [];
      const named = variables.match(/REDIS_\w+/g) ?? [];
      if (path !== 'fallbackAddress') expect(named).toEqual(row.env);
      expect(byDefault).toBe(documentedDefault(path));
    },
  );

  it('has no row for an option that does not exist', () => {
    expect([...ROWS.keys()].sort()).toEqual(OPTION_TABLE.map(({ path }) => path).sort());
  });

  it('names no variable that is not read', () => {
    const known = new Set(OPTION_TABLE.flatMap(({ env }) => env));
    const families = /^REDIS_(?:ROUTING|NODE|POOLS|FALLBACK|JOURNAL|SENTINEL)_$/;
    const named = new Set(PAGE.match(/REDIS_\w+/g) ?? []);
    expect([...named].filter((name) => !known.has(name) && !families.test(name))).toEqual([]);
  });
});
