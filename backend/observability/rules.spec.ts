import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describeNeeds } from '../test/support/needs.js';
import { generatedFiles } from './generated-files.js';
import { PRICES, unknownMetrics } from './known-metrics.js';
import { ALERTS, RULE_GROUPS, runbookOf } from './rule-groups.js';
import { ruleTests } from './rule-file.js';
import { toYaml } from './to-yaml.js';

const root = join(__dirname, '..', '..');
const deployed = join(root, 'deploy');
const rules = join(deployed, 'observability', 'prometheus', 'rules');
const runbooks = join(root, 'docs', 'runbooks');
const SECTIONS = ['Meaning', 'Look here', 'Do this', 'Do not do this', 'How it was rehearsed'];

describe('the rules of Prometheus', () => {
  it.each([...generatedFiles()])('are written as they are made: %s', (path, text) => {
    // Where this fails: npm run generate:observability
    expect(readFileSync(join(deployed, path), 'utf8')).toBe(text);
  });

  it.each(
    RULE_GROUPS.flatMap(({ recordings, alerts }) => [
      ...recordings.map(({ record, expr }) => [record as string, expr] as const),
      ...alerts.map(({ alert, expr }) => [alert as string, expr] as const),
    ]),
  )('ask for no metric that does not exist: %s', (_name, expr) => {
    expect(unknownMetrics(expr)).toEqual([]);
  });

  it('notice a metric that does not exist', () => {
    expect(unknownMetrics('redis_ha_hot_kyes > 0 and redis_ha_hot_keys')).toEqual([
      'redis_ha_hot_kyes',
    ]);
  });

  it('find the prices that they ask for in the files that people edit', () => {
    const operated = join(deployed, 'kubernetes', 'components', 'monitoring');
    for (const path of [join(rules, 'prices.yml'), join(operated, 'prometheus-prices.yaml')]) {
      const file = readFileSync(path, 'utf8');
      expect([...file.matchAll(/record: (\S+)/g)].map(([, name]) => name)).toEqual(PRICES);
    }
  });

  it('have alerts of different names, none of them without words', () => {
    expect(new Set(ALERTS.map(({ alert }) => alert)).size).toBe(ALERTS.length);
    for (const { summary, description } of ALERTS) {
      expect(summary).toMatch(/^[A-Z{].{20,}[^.]$/);
      expect(description).toMatch(/^[A-Z].{20,}\.$/);
    }
  });

  it('tell what is unusual to nobody at night', () => {
    const unusual = ALERTS.filter(({ alert }) => alert.endsWith('Unusual'));
    expect(unusual.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning']);
  });
});

describe('docs/runbooks', () => {
  it('have a page for each alert, and no other', () => {
    const pages = readdirSync(runbooks).filter((page) => page !== 'README.md');
    expect(pages.sort()).toEqual(ALERTS.map(runbookOf).sort());
  });

  it.each(ALERTS.map((rule) => [rule.alert, rule] as const))(
    'say of %s what it means, where to look, what to do and what not, and how that was tried',
    (alert, rule) => {
      const page = readFileSync(join(runbooks, runbookOf(rule)), 'utf8');
      expect(page).toMatch(new RegExp(`^# ${alert}\n`));
      expect(page).toContain(`severity: \`${rule.severity}\``);
      expect([...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(SECTIONS);
    },
  );

  it('list them all on their first page', () => {
    const listed = readFileSync(join(runbooks, 'README.md'), 'utf8').match(/\(([a-z-]+\.md)\)/g);
    expect(listed?.map((link) => link.slice(1, -1)).sort()).toEqual(ALERTS.map(runbookOf).sort());
  });
});

/** The queries of the pages: blocks, and the column PromQL of tables. */
function queriesOfPages(): readonly (readonly [page: string, query: string])[] {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  return pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) => {
      const text = readFileSync(join(root, 'docs', page), 'utf8');
      const blocks = [...text.matchAll(/^```promql\n(.*?)^```$/gms)].map(([, query = '']) => query);
      const [, table = ''] = /^\| Question +\| PromQL +\|\n(.*?)\n\n/ms.exec(text) ?? [];
      const cells = [...table.matchAll(/^\| [^|]+\| `(.+?)` +\|$/gm)].map(([, query = '']) =>
        query.replaceAll('\\|', '|'),
      );
      return [...blocks, ...cells].map((query) => [page, query.trim()] as const);
    });
}

describe('the queries of the pages', () => {
  it('are found', () => {
    const pages = queriesOfPages().map(([page]) => page);
    expect(pages).toEqual(
      expect.arrayContaining(['metrics.md', join('runbooks', 'journal-losing-writes.md')]),
    );
    expect(pages.length).toBeGreaterThan(40);
  });

  it.each(queriesOfPages())('ask for no metric that does not exist: %s: %s', (_page, query) => {
    expect(unknownMetrics(query)).toEqual([]);
  });
});

describe('toYaml', () => {
  it('writes texts in quotes, lists behind dashes and texts of several lines as blocks', () => {
    const text = toYaml({ a: "it's", b: [{ c: 'x\ny', d: undefined }, 'e'], f: { g: 1 } });
    expect(text).toBe("\na: 'it''s'\nb:\n  - c: |-\n      x\n      y\n  - 'e'\nf:\n  g: 1");
  });
});

describeNeeds('prometheus')('promtool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function promtool(...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
    if (error !== undefined) {
      throw new Error('These tests need promtool. On Debian: apt-get install prometheus', {
        cause: error,
      });
    }
    return status === 0 ? 'accepted' : stdout + stderr;
  }

  it('accepts the rules', () => {
    const files = ['redis-ha.yml', 'prices.yml'].map((file) => join(rules, file));
    expect(promtool('check', 'rules', ...files)).toBe('accepted');
  });

  it('understands each query of the pages', () => {
    const file = join(folder, 'pages.yml');
    const recorded = queriesOfPages().map(([, expr], no) => ({ record: `page:query${no}`, expr }));
    writeFileSync(file, toYaml({ groups: [{ name: 'pages', rules: recorded }] }).trimStart());
    expect(promtool('check', 'rules', file)).toBe('accepted');
  });

  const tests = ruleTests(ALERTS, [join(rules, 'redis-ha.yml')]);

  it.each(tests.map(({ every, yaml }) => [every, yaml] as const))(
    'sees alerts fire where they must, and stay quiet where something only looks like it: every %s',
    (every, yaml) => {
      const file = join(folder, `${every}.yml`);
      writeFileSync(file, yaml);
      expect(promtool('test', 'rules', file)).toBe('accepted');
    },
    60_000,
  );

  it('notices an alert that does not fire, and one that fires too easily', () => {
    const [rule] = ALERTS;
    if (rule === undefined) throw new Error('there are no alerts');
    const turned = { ...rule, fires: rule.staysQuiet, staysQuiet: rule.fires };
    const [seconds] = ruleTests([turned], [join(rules, 'redis-ha.yml')]);
    const file = join(folder, 'turned.yml');
    writeFileSync(file, seconds?.yaml ?? '');
    const said = promtool('test', 'rules', file);
    expect(said.match(/got:/g)).toHaveLength(2);
  });
});
