import { sameAddress } from '../../redis/base/address/index.js';
import type { Survey, SurveyedNode } from '../reach/index.js';

/** A replica that is linked to the primary. */
export function isGoodReplica(node: SurveyedNode, { primary }: Survey): boolean {
  const { fault, role } = node;
  return (
    primary !== null &&
    fault === null &&
    role?.kind === 'replica' &&
    sameAddress(role.primary, primary.announced) &&
    linkOf(node) === 'up'
  );
}

/** The link of a replica, as `INFO` calls it. Who may not ask for that has the answer to `ROLE`. */
export function linkOf({ info, role }: SurveyedNode): string {
  if (role?.kind !== 'replica') return 'unknown';
  return info.get('master_link_status') ?? (role.isLinked ? 'up' : 'down');
}

/** How far a replica is behind, in bytes; `null` where nobody knows. */
export function bytesBehind(node: SurveyedNode, primary: SurveyedNode | null): number | null {
  const [here, there] = [offsetOf(node), primary === null ? null : offsetOf(primary)];
  return here === null || there === null ? null : Math.max(0, there - here);
}

function offsetOf({ info, role }: SurveyedNode): number | null {
  const told = info.get(role?.kind === 'replica' ? 'slave_repl_offset' : 'master_repl_offset');
  if (told !== undefined) return Number(told);
  return role === null || role.kind === 'other' ? null : role.offset;
}
