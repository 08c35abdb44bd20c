import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as errors from '../../src/redis/base/errors/index.js';
import { httpAnswerOf, RedisHaError } from '../../src/redis/index.js';

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

const SECTION_OF_HTTP = page.split(/^## /m).find((text) => text.startsWith('Over HTTP')) ?? '';

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

describe('the table of statuses in docs/errors.md', () => {
  const rows = (SECTION_OF_HTTP.match(/^\| (401|500|503).*$/gm) ?? []).map((row) => {
    const [, status = '', codes = ''] = row.split('|').map((cell) => cell.trim());
    return { status, codes };
  });
  const statusOf = (error: RedisHaError): string => {
    const { statusCode, retryAfterS } = httpAnswerOf(error);
    if (statusCode !== 503) return String(statusCode);
    return retryAfterS === null ? '503 without it' : `503 with \`Retry-After: ${retryAfterS}\``;
  };
  const made = Object.values(errors)
    .filter((one) => typeof one === 'function' && one.prototype instanceof RedisHaError)
    .map((one) => new (one as unknown as new (given: unknown) => RedisHaError)([]));

  it.each(made.map((error) => [error.code, error] as const))(
    'says what %s becomes',
    (code, error) => {
      const row = rows.find(({ status }) => status === statusOf(error));
      expect(row?.codes).toContain(`\`${code}\``);
    },
  );

  it.each([
    'OOM',
    'LOADING',
    'NOREPLICAS',
    'MASTERDOWN',
    'BUSY',
    'TRYAGAIN',
    'MISCONF',
    'WRONGTYPE',
  ])('says what a refusal with %s becomes', (reply) => {
    const passes = statusOf(new errors.CommandRejectedError('x', { reply })).startsWith('503');
    expect(rows[0]?.codes.includes(`\`${reply}\``)).toBe(passes);
  });
});
