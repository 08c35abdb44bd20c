import { formatAddress, type NodeAddress } from '../../../base/address/index.js';
import { explainFailure } from '../../connection/index.js';
import type { SentinelStatus } from './sentinel-desk.js';

/** Returns why no primary is known, and what the Sentinels said. */
export function explainUnknown(statuses: readonly SentinelStatus[]): string {
  const told = statuses.filter(({ isAnswering }) => isAnswering).length;
  const said = groupByProblem(statuses).map(({ problem, addresses }) => {
    const all = addresses.map(formatAddress).join(', ');
    if (addresses.length === 1) return `${all}: ${problem}`;
    return `${String(addresses.length)} Sentinels (${all}): ${problem}`;
  });
  if (told > 0) {
    const has = told === 1 ? 'has' : 'have';
    return `${String(told)} of ${String(statuses.length)} Sentinels ${has} answered, too few to believe: ${said.join('; ')}`;
  }
  return `no Sentinel names one: ${said.join('; ')}`;
}

// Mostly all have the same problem: it is said once.
function groupByProblem(
  statuses: readonly SentinelStatus[],
): readonly { readonly problem: string; readonly addresses: readonly NodeAddress[] }[] {
  const groups = new Map<string, NodeAddress[]>();
  for (const { isAnswering, address, problem } of statuses) {
    if (isAnswering) continue;
    const key = withoutAddress(problem ?? 'no answer yet', address);
    groups.set(key, [...(groups.get(key) ?? []), address]);
  }
  return [...groups].map(([problem, addresses]) => ({ problem, addresses }));
}

// The system repeats the address in its message.
function withoutAddress(problem: string, address: NodeAddress): string {
  return problem.replace(` ${formatAddress(address)}`, '');
}

/** Returns what is wrong with a Sentinel that answered with an error, and what to do about it. */
export function explainRefusal(reason: string, masterName: string): string {
  if (!/^ERR No such master/.test(reason)) return explainFailure(reason, 'sentinel');
  return `it knows no group named "${masterName}" (${reason}); check sentinel.masterName`;
}
