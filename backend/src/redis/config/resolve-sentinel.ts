import { formatAddress, isHostName, readAddress, type NodeAddress } from '../base/address/index.js';
import type { Findings } from '../base/options/index.js';
import { SENTINEL_PORT } from './address-rules.js';
import type { ResolvedSentinelOptions, Top } from './redis-options.js';
import { checkAccess } from './resolve-access.js';

/** Fewer Sentinels than this cannot outvote one that is wrong, so Sentinel mode is refused. */
const MIN_SENTINELS = 3;

/**
 * Returns the options of Sentinel mode; `null` when there are too few Sentinels for it. That is refused
 * unless `standaloneAddress` says which Redis to use instead: no Redis is guessed.
 */
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
  const { nodes, resolveNames } = sentinel;
  checkAccess('sentinel', sentinel, findings);
  // How many Sentinels a name stands for is known when it is looked up.
  if (nodes.length >= MIN_SENTINELS || (resolveNames && hasName(nodes))) {
    warnAboutPlainSentinels(node, sentinel, findings);
    return { ...sentinel, mapAddress };
  }
  // Unreadable entries are reported one by one. Once they are corrected there may be enough Sentinels.
  const mayBeEnough = nodes.length + unreadableIn(listed) >= MIN_SENTINELS;
  if (mayBeEnough || findings.isRefused('sentinel.nodes')) return null;
  if (strict) refuseTooFew(given, strictly(findings), findings);
  else if (standaloneAddress !== null) warnTooFew(given, standaloneAddress, findings);
  else if (!findings.isRefused('standaloneAddress')) {
    refuseTooFew(given, orNameOne(findings), findings);
  }
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

function refuseTooFew(given: Top['sentinel'], otherwise: string, findings: Findings): void {
  const { nodes } = given;
  const remedy = `${listThem(given, findings)}${otherwise}`;
  findings.refuse('sentinel.nodes', showNodes(nodes), tooFew(nodes), remedy);
}

function strictly(findings: Findings): string {
  return `. ${findings.name('sentinel.strict')} refuses to start without them`;
}

function orNameOne(findings: Findings): string {
  return `; or name in ${findings.name('standaloneAddress')} the one Redis to use without failover`;
}

function warnTooFew(given: Top['sentinel'], address: NodeAddress, findings: Findings): void {
  const { nodes } = given;
  findings.warn(
    'sentinel.nodes',
    showNodes(nodes),
    `${tooFew(nodes)}: running WITHOUT FAILOVER against the one Redis at ${formatAddress(address)}`,
    `${listThem(given, findings)}. Set ${findings.name('sentinel.strict')} to true to refuse to start instead`,
  );
}

function tooFew(nodes: readonly NodeAddress[]): string {
  return `Sentinel mode needs ${String(MIN_SENTINELS)} or more Sentinels and has ${String(nodes.length)}`;
}

function listThem({ nodes, resolveNames }: Top['sentinel'], findings: Findings): string {
  const list = `List three or more in ${findings.name('sentinel.nodes')}, for example sentinel1:26379, sentinel2:26379, sentinel3:26379`;
  if (resolveNames || !hasName(nodes)) return list;
  return `${list}; or, if one name stands for several Sentinels, set ${findings.name('sentinel.resolveNames')} to true`;
}

function hasName(nodes: readonly NodeAddress[]): boolean {
  return nodes.some(({ host }) => isHostName(host));
}

function showNodes(nodes: readonly NodeAddress[]): string {
  return nodes.length === 0 ? 'none' : nodes.map(formatAddress).join(', ');
}
