import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAMILY_TABLE } from '../../src/redis/metrics/family-table.js';

const PAGE = readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8');
const PREFIX = 'redis_ha_';

/** The cells of each row of the tables whose second column is a type. */
const ROWS = new Map(
  PAGE.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([, type = '']) => ['counter', 'gauge', 'histogram'].includes(type))
    .map((cells) => [(cells[0] ?? '').replaceAll('`', ''), cells] as const),
);

const NAMES = new Set(
  FAMILY_TABLE.flatMap(({ name, type }) =>
    type === 'histogram'
      ? ['', '_bucket', '_sum', '_count'].map((suffix) => PREFIX + name + suffix)
      : [PREFIX + name],
  ),
);

describe('docs/metrics.md', () => {
  it.each(FAMILY_TABLE.map((row) => [row.name, row] as const))(
    'has a row for %s with its type and its labels',
    (name, { type, labels }) => {
      const [, documentedType, documentedLabels, meaning] = ROWS.get(name) ?? [];
      expect(documentedType).toBe(type);
      expect(documentedLabels).toBe(labels.map((label) => `\`${label}\``).join(', '));
      expect(meaning).not.toBe('');
    },
  );

  it('has the rows in the order in which the metrics are answered, and no others', () => {
    expect([...ROWS.keys()]).toEqual(FAMILY_TABLE.map(({ name }) => name));
  });

  it('asks for no metric that does not exist', () => {
    const asked = new Set(PAGE.match(/redis_ha_\w+/g) ?? []);
    asked.delete(PREFIX);
    expect([...asked].filter((name) => !NAMES.has(name))).toEqual([]);
  });
});
