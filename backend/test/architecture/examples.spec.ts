import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');
const FOLDER = join(ROOT, 'examples');
const MAX_README_LINES = 14;

interface Manifest {
  readonly version: string;
  readonly type: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What is used without an import: peers, and what the compiler writes into the program. */
const UNSEEN = new Set([
  '@nestjs/common',
  '@nestjs/platform-express',
  'ioredis',
  'reflect-metadata',
  'rxjs',
  'socket.io',
]);

const names = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const read = (...path: string[]): string => readFileSync(join(FOLDER, ...path), 'utf8');
const manifestOf = (name: string): Manifest => JSON.parse(read(name, 'package.json')) as Manifest;

// All are installed in one folder by `npm run test:pack`, so it would not notice what one of them has of another.
describe.each(names)('the example %s', (name) => {
  const { type, dependencies, devDependencies } = manifestOf(name);
  const sources = readdirSync(join(FOLDER, name)).filter((file) => file.endsWith('.ts'));

  it('names what it imports, and nothing that nobody uses', () => {
    const imported = new Set(sources.flatMap((file) => packagesIn(read(name, file))));
    expect([...imported].filter((one) => !(one in dependencies))).toEqual([]);
    const unused = Object.keys(dependencies).filter(
      (one) => !imported.has(one) && !UNSEEN.has(one),
    );
    expect(unused).toEqual([]);
  });

  it('wants this version of the library, and the same of all others as its neighbours', () => {
    const library = JSON.parse(
      readFileSync(join(ROOT, 'backend/package.json'), 'utf8'),
    ) as Manifest;
    expect(dependencies['nestjs-redis-ha']).toBe(`^${library.version}`);
    for (const other of names.map(manifestOf)) {
      const theirs: Record<string, string> = { ...other.dependencies, ...other.devDependencies };
      for (const [one, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        expect([one, theirs[one] ?? version]).toEqual([one, version]);
      }
    }
  });

  it('is compiled as its neighbours are', () => {
    expect(read(name, 'tsconfig.json')).toBe(read(names[0] ?? '', 'tsconfig.json'));
    expect(type).toBe('module');
  });

  it('says in a few lines what it shows and where more stands, and is in the list', () => {
    const text = read(name, 'README.md');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_README_LINES);
    expect(text).toContain('npm install && npm start');
    expect(text).toMatch(/\]\(\.\.\/\.\.\/docs\/[\w-]+\.md/);
    expect(read('README.md')).toContain(`(${name}/README.md)`);
  });

  it('kills a primary in the middle', () => {
    expect(existsSync(join(FOLDER, name, 'main.ts'))).toBe(true);
    expect(read(name, 'main.ts')).toMatch(/\.kill\(\)/);
  });
});

function packagesIn(text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import|import\() ?'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  );
  return specifiers
    .filter(
      (one) => !one.startsWith('.') && !one.startsWith('node:') && !builtinModules.includes(one),
    )
    .map((one) =>
      one
        .split('/')
        .slice(0, one.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}
