import * as disk from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivate, writeAll } from './journal-disk.js';
import type { Range } from './journal-frames.js';

const SUFFIX = '.damaged';
const MAX_BYTES = 1_048_576;
const MAX_COPIES = 8;

/**
 * Keeps what could not be read of a journal, for whoever wants to look for something in it: the first
 * {@link MAX_BYTES} bytes, and no more than {@link MAX_COPIES} such files in a folder.
 */
export async function keepDamaged(
  folder: string,
  name: string,
  bytes: Buffer,
  damaged: readonly Range[],
): Promise<void> {
  const parts = damaged.map(({ from, to }) => bytes.subarray(from, to));
  const handle = await createPrivate(join(folder, `${name}${SUFFIX}`), disk);
  await writeAll(handle, Buffer.concat(parts).subarray(0, MAX_BYTES), 0).finally(() =>
    handle.close(),
  );
  await removeOldest(folder);
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await disk.readdir(folder)).filter((name) => name.endsWith(SUFFIX));
  const copies = await Promise.all(
    names.map(async (name) => ({ name, at: (await disk.lstat(join(folder, name))).mtimeMs })),
  );
  const oldest = copies.sort((a, b) => b.at - a.at).slice(MAX_COPIES);
  for (const { name } of oldest) await disk.rm(join(folder, name), { force: true });
}
