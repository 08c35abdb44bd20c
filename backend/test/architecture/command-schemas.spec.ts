import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromJSONSchema } from 'zod';
import { COMMANDS } from '../../src/cli/commands.js';
import {
  ERROR_SCHEMA,
  misfitOf,
  type Schema,
  schemaOf,
  schemaPath,
} from '../support/command-schemas.js';

const NAMES = COMMANDS.map(({ name }) => name);
const TESTS = join(__dirname, '..');
const AT_WORK = ['integration', 'failover', 'app'].flatMap((folder) =>
  readdirSync(join(TESTS, folder))
    .filter((file) => file.endsWith('spec.ts'))
    .map((file) => readFileSync(join(TESTS, folder, file), 'utf8')),
);

/** Every object in a schema, with where it stands. */
function objectsIn(schema: unknown, path = '#'): [string, Record<string, unknown>][] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = schema as Record<string, unknown>;
  const inner = Object.entries(own).flatMap(([name, part]) => objectsIn(part, `${path}/${name}`));
  return own['type'] === 'object' ? [[path, own], ...inner] : inner;
}

describe('docs/schemas', () => {
  it('has one for each command, one for errors, and no others', () => {
    const files = readdirSync(dirname(schemaPath('status')));
    const expected = [...NAMES, ERROR_SCHEMA].map((name) => `${name}.schema.json`);
    expect([...files].sort()).toEqual(expected.sort());
  });

  it.each([...NAMES, ERROR_SCHEMA])(
    'says everything that %s may write, and nothing else',
    (name) => {
      const schema = schemaOf(name);
      expect(schema).not.toBeNull();
      expect(() => fromJSONSchema(schema as Schema)).not.toThrow();
      for (const [path, object] of objectsIn(schema)) {
        // An object whose names are data, such as addresses, says what stands behind them.
        const isClosed = object['additionalProperties'] !== undefined;
        expect({ path, isClosed }).toEqual({ path, isClosed: true });
      }
    },
  );

  it.each(NAMES)('is compared with what %s really writes, on real servers', (name) => {
    // typeCommand(), runJson() which calls it, and documents() of a command that is a process, compare whatever is written.
    const typed = new RegExp(`(typeCommand|runJson|start)\\([^;]*?'${name}'[^;]*?'--json'`, 's');
    expect(AT_WORK.filter((text) => typed.test(text)).length).toBeGreaterThan(0);
  });

  it('notices a member that is missing, one too many, and one of another type', () => {
    const sound = { shell: 'bash', script: 'complete' };
    expect(misfitOf('completion', sound)).toBeNull();
    expect(misfitOf('completion', { shell: 'bash' })).toContain('script');
    expect(misfitOf('completion', { ...sound, more: 1 })).toContain('more');
    expect(misfitOf('completion', { ...sound, shell: 'fish' })).toContain('shell');
    expect(misfitOf('completion', { error: { message: 'no' } })).toContain('remedy');
  });
});
