import type { RedisHaEvent } from '../../base/events/index.js';
import type { NodeChange, RedisNode } from '../connection/index.js';

/** Returns the event that tells of a change of a connection; `null` if none does. */
export function connectionEvent(node: RedisNode, change: NodeChange): RedisHaEvent | null {
  const { address } = node;
  switch (change) {
    case 'opened':
      return { type: 'connection.opened', node: address, role: node.role?.kind ?? 'unknown' };
    case 'lost': {
      const reason = node.state.kind === 'lost' ? node.state.reason : 'closed';
      return { type: 'connection.lost', node: address, reason };
    }
    case 'stalled':
    case 'recovered':
      return { type: `connection.${change}`, node: address };
    default:
      return null;
  }
}
