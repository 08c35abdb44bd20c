import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Peers } from './peer-types.js';

/** The folder of the sources: this file runs from where it was compiled to, somewhere below the same root. */
export function peersFolder(): string {
  let above = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const folder = join(above, 'backend', 'bench', 'peers');
    if (existsSync(join(folder, 'package-lock.json'))) return folder;
    const next = dirname(above);
    if (next === above) throw new Error('the folder backend/bench/peers is missing');
    above = next;
  }
}

/** The libraries. They must have been installed. */
export async function loadPeers(): Promise<Peers> {
  const entry = pathToFileURL(join(peersFolder(), 'peers.mjs'));
  return (await import(entry.href)) as Peers;
}
