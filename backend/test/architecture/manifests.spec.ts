import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly homepage: string;
  readonly bugs: { readonly url: string };
  readonly repository: { readonly type: string; readonly url: string; readonly directory?: string };
  readonly engines: { readonly node: string };
}

const root = join(__dirname, '..', '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const manifestIn = (folder: string): Manifest =>
  JSON.parse(read(join(folder, 'package.json'))) as Manifest;

const workspace = manifestIn('.');
const published = manifestIn('backend');

describe('the manifest that is published', () => {
  it.each(['version', 'license', 'engines', 'homepage', 'bugs'] as const)(
    'says the same as the one of the workspace: %s',
    (field) => {
      expect(published[field]).toEqual(workspace[field]);
    },
  );

  it('leads to its folder in the repository of the workspace', () => {
    expect(published.repository).toEqual({ ...workspace.repository, directory: 'backend' });
  });

  it('has one address, from which those of the repository and of the issues are made', () => {
    expect(workspace.repository.url).toBe(`git+${workspace.homepage}.git`);
    expect(workspace.bugs.url).toBe(`${workspace.homepage}/issues`);
  });
});

describe.each(['README.md', 'docs/quick-start.md'])('%s', (page) => {
  it('installs the tarball that is packed in this version', () => {
    const named = read(page).match(new RegExp(`${published.name}-[\\w.-]+\\.tgz`, 'g')) ?? [];
    expect(new Set(named)).toEqual(new Set([`${published.name}-${published.version}.tgz`]));
  });
});
