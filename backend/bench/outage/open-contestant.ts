import type { Contestant } from './contestants.js';
import type { NoteBook, OutageClient } from './outage-client.js';

/**
 * Opens a contestant on the Redis at this port of this machine; resolves when it can be used. Loads nobody else's code:
 * what the process weighs is weighed too.
 */
export async function openContestant(
  contestant: Contestant,
  port: number,
  book: NoteBook,
): Promise<OutageClient> {
  switch (contestant) {
    case 'floor':
      return (await import('./floor-client.js')).openFloor();
    case 'ours':
      return (await import('./ours-client.js')).openOurs(port, book);
    default:
      return (await import('./peer-clients.js')).openPeer(contestant, port, book);
  }
}
