import * as fs from 'node:fs/promises';
import type { Disk } from '../../src/redis/keyspace/journal/disk/journal-disk.js';

/** The disk of this machine. Knows which files are open: one that nobody closes is closed by Node.js, with a warning. */
export class CountedDisk implements Disk {
  readonly rename = fs.rename;
  readonly rm = fs.rm;
  /** How many files were opened up to now. */
  everOpened = 0;
  readonly #opened = new Set<fs.FileHandle>();

  /** How many files are open. */
  get openFiles(): number {
    return this.#opened.size;
  }

  readonly open: Disk['open'] = async (...args) => {
    const handle = await fs.open(...args);
    this.#opened.add(handle);
    this.everOpened++;
    const close = async (): Promise<void> => {
      await handle.close();
      this.#opened.delete(handle);
    };
    return new Proxy(handle, {
      get: (_, name: keyof fs.FileHandle) => {
        if (name === 'close') return close;
        const method: unknown = handle[name];
        return typeof method === 'function' ? (method.bind(handle) as unknown) : method;
      },
    });
  };
}
