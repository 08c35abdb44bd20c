import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress, type NodeAddress } from '../../src/redis/base/address/index.js';
import { isGiven, type AnyRow } from '../../src/redis/base/options/index.js';
import { OPTION_TABLE } from '../../src/redis/config/index.js';

/** A table of options in a page, and the rows it must tell of. */
interface Told {
  readonly page: string;
  /** The heading above the table, without its signs. */
  readonly heading: string;
  readonly rows: readonly (readonly [string, AnyRow])[];
  /** Defaults that depend on something else, in the words of the page. */
  readonly inWords?: Readonly<Record<string, string>>;
}

const CONFIGURATION = OPTION_TABLE.map((row) => [row.path, row] as const);

const TOLD: readonly Told[] = [
  { page: 'configuration', heading: 'Every option', rows: CONFIGURATION },
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
  for (const cells of section.filter((line) => line.startsWith('|')).map(cellsOf)) {
    if (cells[0] === 'Option' || cells[0] === 'Member') header = cells;
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
  if (byDefault === undefined || typeof byDefault === 'function') return 'none';
  if (Array.isArray(byDefault) && byDefault.length === 0) return 'none';
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
        if (Variable !== undefined && row.env.length > 0) {
          expect(Variable.match(/REDIS_\w+/g) ?? []).toEqual(row.env);
        }
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
    const families = /^REDIS_(?:ROUTING|NODE|POOLS|FALLBACK|JOURNAL|SENTINEL)_$/;
    const named = new Set(page.match(/REDIS_\w+/g) ?? []);
    expect([...named].filter((name) => !known.has(name) && !families.test(name))).toEqual([]);
  });
});
