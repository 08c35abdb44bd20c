import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { countByCode } from '../support/load.js';
import { whyNoWorld } from '../support/namespaces.js';
import { PageTypist, stepsOfPage, type PageResult } from '../support/page-commands.js';

/** The last page may have to wait for all others. */
jest.setTimeout(400_000);

const pagesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const isTyped = (page: string): boolean => stepsOfPage(page).some(({ kind }) => kind === 'run');

const OPERATIONS = pagesIn('docs/operations');
const RUNBOOKS = pagesIn('docs/runbooks');
const inOperations = (...names: readonly string[]): string[] =>
  names.map((name) => join('docs', 'operations', `${name}.md`));

const wanted = (process.env['PAGES'] ?? '').split(',');

const UNDER_LOAD = join('docs', 'operations', 'add-remove-node.md');
/** They take longest, and begin first. */
const LONG = inOperations('training', 'disaster-recovery', 'backups', 'emergency-failover');
/** They only look, at one cluster; the first one at a cluster to which nothing has happened. */
const LOOKING = [
  ...inOperations(
    'README',
    'capacity',
    'consistency',
    'cost',
    'incidents',
    'quick-reference',
    'secure',
    'tls',
  ),
  ...RUNBOOKS.filter(isTyped),
];
const OTHERS = OPERATIONS.filter(
  (page) => isTyped(page) && ![UNDER_LOAD, ...LONG, ...LOOKING].includes(page),
);
/** What is typed on one cluster each. By hand: PAGES=training,regions takes some of them. */
const PAGES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [
    ...[UNDER_LOAD, ...LONG, ...OTHERS].map((page) => [page, [page]] as const),
    ['pages that only look', LOOKING] as const,
  ].filter(([name]) => wanted.some((word) => name.includes(word))),
);

const problem = whyNoWorld('ip link set lo up && mount -t tmpfs none /run');
if (problem !== null) process.stderr.write(`SKIPPED: commands of pages: ${problem}\n`);
const describeHere = problem === null ? describe : describe.skip;

describeHere('the commands of the pages of operations, typed as they stand', () => {
  const typist = new PageTypist();
  const results = new Map<string, Promise<PageResult>>();

  beforeAll(() => {
    for (const [name, pages] of Object.entries(PAGES)) {
      const result = typist.type(pages, name === UNDER_LOAD);
      result.catch(() => undefined);
      results.set(name, result);
    }
  });
  afterAll(() => typist.close());

  it.each(Object.keys(PAGES))('end and print as the page says: %s', async (name) => {
    const result = await results.get(name);
    process.stderr.write(`  ${name}: ${summary(result)}\n`);
    expect(result?.problems.join('\n')).toBe('');
    if (name !== UNDER_LOAD) return;
    const { report, ledger } = result?.load ?? {};
    expect(countByCode(report?.errors ?? [])).toEqual({});
    expect(report).toMatchObject({ wrongReads: [], hung: 0, uncertain: { set: 0, incr: 0 } });
    expect(ledger).toMatchObject({ lost: [] });
  });

  it('say of each block that is not typed here why, or what types it', () => {
    const others = [...OPERATIONS, ...RUNBOOKS].flatMap((page) =>
      stepsOfPage(page)
        .filter(({ kind }) => kind === 'compose' || kind === 'not run')
        .map(({ kind, at, said }) => {
          const where = `${page}:${String(at)}`;
          return kind === 'compose'
            ? `${where}: in the Compose run, "${said}"`
            : `${where}: ${said}`;
        }),
    );
    process.stderr.write(`  not typed here:\n${others.map((line) => `    ${line}\n`).join('')}`);
    expect(others.filter((line) => /: $/.test(line))).toEqual([]);
  });
});

function summary(result: PageResult | undefined): string {
  if (result === undefined) return 'not typed';
  const { typed, seconds, slow, load } = result;
  const blocks = `${String(typed)} blocks in ${seconds.toFixed(0)} s (${slow.join(', ')})`;
  if (load === null) return blocks;
  const { report, ledger } = load;
  const operations = report.writesAcknowledged + report.readsServed;
  return (
    `${blocks}, under load: ${String(operations)} operations, ` +
    `${String(report.errors.length)} errors, ${String(ledger.lost.length)} lost, ` +
    `no write for ${report.writeGapMs.toFixed(0)} ms, no read for ${report.readGapMs.toFixed(0)} ms`
  );
}
