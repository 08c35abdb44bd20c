import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDING_CODES } from '../../src/cli/doctor/finding-codes.js';

const root = join(__dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'operations', 'doctor.md'), 'utf8');
const schema = JSON.parse(
  readFileSync(join(root, 'docs', 'schemas', 'doctor.schema.json'), 'utf8'),
) as { readonly $defs: { readonly code: { readonly enum: readonly string[] } } };

describe('docs/operations/doctor.md', () => {
  it('has a row for each code, with its severity, and no others', () => {
    const rows = [...page.matchAll(/^\| <a id="([^"]+)"><\/a>`([^`]+)`\s*\| (\w+)/gm)];
    expect(rows.map(([, , code, severity]) => ({ code, severity }))).toEqual(
      Object.entries(FINDING_CODES).map(([code, { severity }]) => ({ code, severity })),
    );
    expect(rows.every(([, anchor, code]) => anchor === code)).toBe(true);
  });

  it('describes a JSON document that knows the same codes', () => {
    expect(schema.$defs.code.enum).toEqual(Object.keys(FINDING_CODES));
  });
});
