import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../errors/index.js';
import { makeFolder } from './make-folder.js';

describe('makeFolder', () => {
  const here = mkdtempSync(join(tmpdir(), 'make-folder-'));
  const refusalOf = (path: string): Promise<string | null> =>
    makeFolder(path).then(() => null, codeOf);

  afterAll(() => {
    rmSync(here, { recursive: true });
  });

  it('makes all that are missing, for whom it is said, however many want it at once', async () => {
    const path = join(here, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(path, 0o700)));
    for (const made of [join(here, 'a'), path]) expect(statSync(made).mode & 0o777).toBe(0o700);
    await makeFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('says what is in the way: a file, there or above, and a link that leads nowhere', async () => {
    writeFileSync(join(here, 'file'), '');
    symlinkSync(join(here, 'nowhere'), join(here, 'link'));
    expect(await refusalOf(join(here, 'file'))).toBe('EEXIST');
    expect(await refusalOf(join(here, 'file', 'below'))).toBe('ENOTDIR');
    expect(await refusalOf(join(here, 'link'))).toBe('EEXIST');
    expect(await refusalOf(join(here, 'link', 'below'))).toBe('EEXIST');
  });

  // Where there is no /proc, nobody may make it.
  it('ends where the system says that a folder is not there which nobody can make', async () => {
    for (const path of ['/proc/redis-ha', '/proc/redis-ha/deeper/still']) {
      expect(await refusalOf(path)).toMatch(/^(ENOENT|EACCES|EROFS|EPERM)$/);
    }
  });
});
