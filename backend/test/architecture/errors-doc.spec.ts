import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
const catalogue = readFileSync(
  join(root, 'backend', 'src', 'redis', 'base', 'errors', 'error-catalogue.ts'),
  'utf8',
);

/** The classes of the catalogue: code and whether the same call may succeed later. */
const ERRORS = [
  ...catalogue.matchAll(/readonly code = '([A-Z_]+)';\s+readonly retryable = (true|false);/g),
].map(([, code = '', retryable = '']) => ({ code, retryable: retryable === 'true' }));

/** The sections of the page by their code. */
const SECTIONS = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n')[0]?.trim() ?? '', text] as const)
    .filter(([heading]) => /^[A-Z_]+$/.test(heading)),
);

describe('docs/errors.md', () => {
  it('is compared with the whole catalogue', () => {
    expect(ERRORS).toHaveLength(catalogue.match(/extends RedisHaError/g)?.length ?? 0);
  });

  it.each(ERRORS)('has a section for $code', ({ code }) => {
    expect([...SECTIONS.keys()]).toContain(code);
    expect(SECTIONS.get(code)?.length).toBeGreaterThan(100);
  });

  it('has no section for a code that does not exist', () => {
    expect([...SECTIONS.keys()].sort()).toEqual(ERRORS.map(({ code }) => code).sort());
  });

  it.each(ERRORS)('says correctly whether $code is retryable', ({ code, retryable }) => {
    const row = page
      .split('\n')
      .find((line) => line.startsWith('|') && line.includes(`(#${code.toLowerCase()})`));
    // The table at a glance: code, retryable, what happened.
    expect(row).toBeDefined();
    expect(/\|\s*(yes|true)\b/i.test(row ?? '')).toBe(retryable);
  });
});
