import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf } from '../errors/index.js';

/**
 * Makes a folder, and those above it that are not there; does nothing where it is there. Rejects with the error of the
 * system.
 *
 * Node can do it at once, with `recursive`. But where a folder takes no other in it and the system says `ENOENT`, as in
 * `/proc`, Node tries without end, on a processor of its own.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const folder = resolve(path);
  const above = dirname(folder);
  const refusal = await tryToMake(folder, mode);
  if (refusal === null) return;
  if (codeOf(refusal) !== 'ENOENT' || (await isFolder(above))) throw refusal;
  await makeFolder(above, mode);
  const again = await tryToMake(folder, mode);
  if (again !== null) throw again;
}

/** Returns why there is no folder now; `null` where there is. */
async function tryToMake(folder: string, mode: number): Promise<Error | null> {
  try {
    await mkdir(folder, { mode });
    return null;
  } catch (error) {
    return (await isFolder(folder)) ? null : (error as Error);
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
