import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CountedDisk } from '../../../../../test/support/counted-disk.js';
import { openOwn, type Disk } from './journal-disk.js';

describe('openOwn', () => {
  let folder: string;
  let disk: CountedDisk;

  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), 'redis-ha-open-'));
    disk = new CountedDisk();
  });
  afterEach(() => fs.rm(folder, { recursive: true }));

  it('leaves nothing open of what is no file', async () => {
    expect(await openOwn(folder, disk)).toBeNull();
    expect(disk.openFiles).toBe(0);
  });

  it('leaves nothing open when the system does not tell what it is', async () => {
    const path = join(folder, 'file');
    await fs.writeFile(path, '');
    const refusal = Object.assign(new TypeError('by order'), { code: 'EIO' });
    const mute: Disk = {
      rename: disk.rename,
      rm: disk.rm,
      open: async (...args) => {
        const handle = await disk.open(...args);
        return Object.assign(Object.create(handle) as fs.FileHandle, {
          stat: () => Promise.reject(refusal),
        });
      },
    };
    await expect(openOwn(path, mute)).rejects.toBe(refusal);
    expect(disk.openFiles).toBe(0);
  });
});
