import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { at } from '../../../scripts/lib/paths.mjs';
import type { Peers } from './peer-types.js';

/** The folder of the sources: what was compiled does not hold the packages. */
export const PEERS = at('backend', 'bench', 'peers');

/** The libraries. They must have been installed. */
export async function loadPeers(): Promise<Peers> {
  const entry = pathToFileURL(join(PEERS, 'peers.mjs'));
  return (await import(entry.href)) as Peers;
}
