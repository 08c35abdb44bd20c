import { formatAddress, readAddress, type NodeAddress } from '../base/address/index.js';
import type { Findings } from '../base/options/index.js';
import { SENTINEL_PORT } from './address-rules.js';
import type { ResolvedSentinelOptions, Top } from './redis-options.js';
import { checkAccess } from './resolve-access.js';

/** Fewer Sentinels than this cannot outvote one that is wrong, so Sentinel mode is refused. */
const MIN_SENTINELS = 3;

/** Returns the options of Sentinel mode; `null` when there are too few Sentinels for it. */
export function resolveSentinel(
  {
    sentinel: given,
    standaloneAddress,
    node,
  }: Pick<Top, 'sentinel' | 'standaloneAddress' | 'node'>,
  listed: unknown,
  findings: Findings,
): ResolvedSentinelOptions['sentinel'] | null {
  const { strict, natMap: mapAddress, ...sentinel } = given;
  const { nodes } = sentinel;
  checkAccess('sentinel', sentinel, findings);
  if (nodes.length >= MIN_SENTINELS) {
    warnAboutPlainSentinels(node, sentinel, findings);
    return { ...sentinel, mapAddress };
  }
  // Unreadable entries are reported one by one. Once they are corrected there may be enough Sentinels.
  const isEnough = nodes.length + unreadableIn(listed) >= MIN_SENTINELS;
  if (strict && !isEnough) refuseTooFew(nodes, findings);
  if (!strict) warnTooFew(nodes, standaloneAddress, findings);
  return null;
}

// The names that Sentinel announces are those the certificates are checked against, unless one is fixed.
function warnAboutPlainSentinels(
  node: Top['node'],
  sentinel: Omit<Top['sentinel'], 'natMap' | 'strict'>,
  findings: Findings,
): void {
  const isNameFixed = node.tls?.servername !== undefined;
  if (node.tls === null || isNameFixed || sentinel.tls !== null) return;
  findings.warn(
    'sentinel.tls',
    false,
    'the nodes speak TLS and the Sentinels do not: whoever can alter their answers chooses the name that the certificate must have, and reads the password of the Sentinels',
    `Set ${findings.name('sentinel.tls')} too; or fix the name with node.tls.servername, if all nodes have the same`,
  );
}

function unreadableIn(listed: unknown): number {
  if (!Array.isArray(listed)) return 0;
  return listed.filter((entry: unknown) => !readAddress(entry, SENTINEL_PORT).ok).length;
}

function refuseTooFew(nodes: readonly NodeAddress[], findings: Findings): void {
  findings.refuse(
    'sentinel.nodes',
    showNodes(nodes),
    tooFew(nodes),
    `${listThem(findings)}. ${findings.name('sentinel.strict')} refuses to start without them`,
  );
}

function warnTooFew(nodes: readonly NodeAddress[], address: NodeAddress, findings: Findings): void {
  findings.warn(
    'sentinel.nodes',
    showNodes(nodes),
    `${tooFew(nodes)}: running WITHOUT FAILOVER against the one Redis at ${formatAddress(address)}`,
    `${listThem(findings)}. Set ${findings.name('sentinel.strict')} to true to refuse to start instead`,
  );
}

function tooFew(nodes: readonly NodeAddress[]): string {
  return `Sentinel mode needs ${String(MIN_SENTINELS)} or more Sentinels and has ${String(nodes.length)}`;
}

function listThem(findings: Findings): string {
  return `List three or more in ${findings.name('sentinel.nodes')}, for example sentinel1:26379, sentinel2:26379, sentinel3:26379`;
}

function showNodes(nodes: readonly NodeAddress[]): string {
  return nodes.length === 0 ? 'none' : nodes.map(formatAddress).join(', ');
}
