import type { CacheClient } from './cache-client.js';
import type { Contestant, Layer } from './contestants.js';

/** Opens a contestant on the Redis at this port of this machine; resolves when it can be used. Loads nobody else's code. */
export async function openContestant(
  layer: Layer,
  contestant: Contestant,
  port: number,
): Promise<CacheClient> {
  switch (contestant) {
    case 'floor':
      return (await import('./floor-clients.js')).openFloor(layer, port);
    case 'floor-sharing':
      return (await import('./floor-clients.js')).openSharingFloor(port);
    case 'ours':
    case 'ours-far': {
      const hasNear = contestant === 'ours' && (layer === 'memory' || layer === 'large');
      return (await import('./ours-client.js')).openOurs(port, hasNear ? 60_000 : 0);
    }
    default:
      return (await import('./peer-clients.js')).openPeer(layer, contestant, port);
  }
}
