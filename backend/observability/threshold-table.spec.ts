import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALERTS } from './rule-groups.js';
import { thresholdTable, withThresholds } from './threshold-table.js';

const PAGE = join(__dirname, '..', '..', 'docs', 'operations', 'monitoring.md');
/** Tables are aligned in pages. */
const squeezed = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');

describe('the table of thresholds', () => {
  it('stands in the page of monitoring as it is made', () => {
    // Where this fails: npm run generate:observability
    const page = readFileSync(PAGE, 'utf8');
    expect(squeezed(page)).toBe(squeezed(withThresholds(page)));
  });

  it('has a row for each alert, with what is compared, and a limit unless it always fires', () => {
    const rows = thresholdTable().split('\n').slice(2);
    expect(rows).toHaveLength(ALERTS.length);
    for (const row of rows.filter((one) => !one.includes('Watchdog'))) {
      const [, , , compared, limit] = row.split('|').map((cell) => cell.trim());
      expect({ row, compared, limit }).toMatchObject({
        compared: expect.stringMatching(/^`/),
        limit: expect.stringMatching(/^`/),
      });
    }
  });

  it('says the limit, the window and the time of a rule', () => {
    const rows = thresholdTable().split('\n');
    const rowOf = (name: string): string | undefined => rows.find((row) => row.includes(name));
    expect(rowOf('ReplicationLag')).toContain('| `> 0.5` |  | 5m |');
    expect(rowOf('FailoverFlapping')).toContain('| `> 2.5` | 10m |');
    expect(rowOf('DailyCost')).toContain('| `> redis_ha:cost_limit_dollars:day` |');
  });
});
