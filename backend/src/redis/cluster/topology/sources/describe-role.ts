import { formatAddress } from '../../../base/address/index.js';
import type { NodeRole } from '../../connection/index.js';

/** Returns what a node is that is not a primary, as the end of a sentence about it. */
export function describeRole(role: NodeRole): string {
  switch (role.kind) {
    case 'primary':
      return 'is a primary';
    case 'replica':
      return role.primary.host === ''
        ? 'is a replica'
        : `is a replica of ${formatAddress(role.primary)}`;
    case 'other':
      return role.answer === 'sentinel' ? 'is a Sentinel' : 'does not tell its role';
  }
}
