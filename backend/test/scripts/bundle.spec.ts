import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BUNDLE = pathToFileURL(join(__dirname, '../../../scripts/lib/bundle.mjs')).href;

let folder = '';

/** Bundles modules as the build does; returns what went wrong, or nothing. */
function bundled(
  modules: Readonly<Record<string, string>>,
  entries: readonly string[],
  program?: string,
): string {
  for (const [name, text] of Object.entries(modules)) {
    const path = join(folder, 'compiled', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const [from, to] = [join(folder, 'compiled'), join(folder, 'cjs')];
  const code = `
    import { bundleCode } from ${JSON.stringify(BUNDLE)};
    await bundleCode(...${JSON.stringify([from, to, { entries, program: pathOf(from, program) }])});`;
  const args = ['--input-type=module', '--eval', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr;
}

const pathOf = (folder: string, name?: string): string | undefined =>
  name === undefined ? undefined : join(folder, name);

const fileOf = (name: string): string => readFileSync(join(folder, 'cjs', name), 'utf8');
const load = (name: string): unknown => createRequire(join(folder, 'cjs', 'here.js'))(`./${name}`);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-ha-bundle-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the bundle of the package', () => {
  const MODULES = {
    'index.js': "export { Kept } from './kept.js';\nexport { text } from './text.js';",
    'health/index.js': "import { Kept } from '../kept.js';\nexport class Probe extends Kept {}",
    'kept.js': "import { isIP } from 'node:net';\nexport class Kept { at = isIP('::1'); }",
    'text.js': "export const text = 'of the main entry only';",
  };
  const ENTRIES = ['index.js', 'health/index.js'];

  it('has a file for each entry, and one for what several of them need', () => {
    expect(bundled(MODULES, ENTRIES)).toBe('');
    const files = readdirSync(join(folder, 'cjs'), { recursive: true, encoding: 'utf8' });
    expect(files.sort()).toEqual(['health', 'health/index.js', 'index.js', 'shared.js']);
    expect(files.filter((name) => name.endsWith('.js')).filter(holds('class Kept'))).toEqual([
      'shared.js',
    ]);
    expect(files.filter((name) => name.endsWith('.js')).filter(holds('main entry'))).toEqual([
      'index.js',
    ]);
  });

  it('keeps the program out of the entries, and each command of it in a file of its own', () => {
    const modules = {
      ...MODULES,
      'cli/program.js':
        "import { Kept } from '../kept.js';\nconsole.log(Kept, import('./fly/fly.command.js'));",
      'cli/fly/fly.command.js':
        "import { text } from '../../text.js';\nexport const command = text;",
    };
    expect(bundled(modules, ENTRIES, 'cli/program.js')).toBe('');
    const files = readdirSync(join(folder, 'cjs'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => name.endsWith('.js')).sort()).toEqual([
      'cli/fly.js',
      'cli/program.js',
      'health/index.js',
      'index.js',
      'parts.js',
      'shared.js',
    ]);
    expect(fileOf('parts.js')).toContain('of the main entry only');
    expect(fileOf('index.js')).not.toContain('cli/');
  });

  it('gives both entries the same class, under its own name', () => {
    expect(bundled(MODULES, ENTRIES)).toBe('');
    const { Kept } = load('index.js') as { Kept: new () => object };
    const { Probe } = load('health/index.js') as { Probe: new () => object };
    expect(new Probe()).toBeInstanceOf(Kept);
    expect([Kept.name, Probe.name]).toEqual(['Kept', 'Probe']);
  });

  it('leaves classes their names where two have the same, since errors and Nest show them', () => {
    const modules = {
      'index.js': "export { other } from './one.js';\nexport class Twice {}",
      'one.js': 'class Twice {}\nexport const other = new Twice();',
    };
    expect(bundled(modules, ['index.js'])).toBe('');
    const { Twice, other } = load('index.js') as { Twice: new () => object; other: object };
    expect(other).not.toBeInstanceOf(Twice);
    expect([Twice.name, other.constructor.name]).toEqual(['Twice', 'Twice']);
  });

  it('is refused when modules import each other, since their order would be chance', () => {
    const modules = {
      'index.js': "export { a } from './a.js';",
      'a.js': "import { b } from './b.js';\nexport const a = () => b;",
      'b.js': "import { a } from './a.js';\nexport const b = () => a;",
    };
    expect(bundled(modules, ['index.js'])).toContain('Circular dependency');
  });
});

const holds = (text: string) => (name: string) => fileOf(name).includes(text);
