import { formatAddress, isHostName, readAddress, type NodeAddress } from '../base/address/index.js';
import type { Findings } from '../base/options/index.js';
import { SENTINEL_PORT } from './address-rules.js';
import type { ResolvedSentinelOptions, Top } from './redis-options.js';
import { checkAccess } from './resolve-access.js';

/** Fewer Sentinels than this cannot outvote one that is wrong, so Sentinel mode is refused. */
export const MIN_SENTINELS = 3;

/** How many Sentinels there are, as far as that was found out, and how. */
export interface SentinelsFound {
  readonly count: number;
  /** Completes the sentence "has 2 (…)"; `null` where only the list was read. */
  readonly detail: string | null;
}

/** What was made of the options of Sentinel mode. */
interface SentinelReading {
  /** `null` when there are too few for Sentinel mode, for certain. */
  readonly sentinel: ResolvedSentinelOptions['sentinel'] | null;
  /**
   * Reports that there are too few; `null` where enough are listed. How many a short list stands for is known when its
   * names are looked up and its Sentinels are asked for others.
   */
  readonly reportTooFew: ((found: SentinelsFound) => void) | null;
}

/**
 * Reads the options of Sentinel mode. Too few Sentinels are refused unless `standaloneAddress` says which Redis to
 * use instead: no Redis is guessed.
 */
export function resolveSentinel(
  top: Pick<Top, 'sentinel' | 'standaloneAddress' | 'node'>,
  listed: unknown,
  findings: Findings,
): SentinelReading {
  const { strict, natMap: mapAddress, ...own } = top.sentinel;
  const { nodes, resolveNames } = own;
  const sentinel = { ...own, mapAddress };
  checkAccess('sentinel', own, findings);
  // How many Sentinels a name stands for is known when it is looked up.
  const isEnough = nodes.length >= MIN_SENTINELS || (resolveNames && hasName(nodes));
  if (isEnough || nodes.length > 0) warnAboutPlainSentinels(top.node, own, findings);
  if (isEnough) return { sentinel, reportTooFew: null };
  // Unreadable entries are reported one by one. Once they are corrected there may be enough Sentinels.
  const mayBeEnough = nodes.length + unreadableIn(listed) >= MIN_SENTINELS;
  if (mayBeEnough || findings.isRefused('sentinel.nodes')) return NOTHING;
  const reportTooFew = (found: SentinelsFound): void => {
    const { standaloneAddress } = top;
    if (strict) refuseTooFew(top.sentinel, found, strictly(findings), findings);
    else if (standaloneAddress !== null) {
      warnTooFew(top.sentinel, found, standaloneAddress, findings);
    } else if (!findings.isRefused('standaloneAddress')) {
      refuseTooFew(top.sentinel, found, orNameOne(findings), findings);
    }
  };
  if (nodes.length > 0) return { sentinel, reportTooFew };
  reportTooFew({ count: 0, detail: null });
  return NOTHING;
}

const NOTHING: SentinelReading = { sentinel: null, reportTooFew: null };

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

function refuseTooFew(
  given: Top['sentinel'],
  found: SentinelsFound,
  otherwise: string,
  findings: Findings,
): void {
  const remedy = `${listThem(given, findings)}${otherwise}`;
  findings.refuse('sentinel.nodes', showNodes(given.nodes), tooFew(found), remedy);
}

function strictly(findings: Findings): string {
  return `. ${findings.name('sentinel.strict')} refuses to start without them`;
}

function orNameOne(findings: Findings): string {
  return `; or name in ${findings.name('standaloneAddress')} the one Redis to use without failover`;
}

function warnTooFew(
  given: Top['sentinel'],
  found: SentinelsFound,
  address: NodeAddress,
  findings: Findings,
): void {
  findings.warn(
    'sentinel.nodes',
    showNodes(given.nodes),
    `${tooFew(found)}: running WITHOUT FAILOVER against the one Redis at ${formatAddress(address)}`,
    `${listThem(given, findings)}. Set ${findings.name('sentinel.strict')} to true to refuse to start instead`,
  );
}

function tooFew({ count, detail }: SentinelsFound): string {
  const how = detail === null ? '' : ` (${detail})`;
  return `Sentinel mode needs ${String(MIN_SENTINELS)} or more Sentinels and has ${String(count)}${how}`;
}

function listThem({ nodes, resolveNames }: Top['sentinel'], findings: Findings): string {
  const list = `List three or more in ${findings.name('sentinel.nodes')}, for example sentinel1:26379, sentinel2:26379, sentinel3:26379`;
  if (resolveNames || !hasName(nodes)) return list;
  return `${list}; or, if a name stands for several Sentinels that start later, set ${findings.name('sentinel.resolveNames')} to true`;
}

function hasName(nodes: readonly NodeAddress[]): boolean {
  return nodes.some(({ host }) => isHostName(host));
}

function showNodes(nodes: readonly NodeAddress[]): string {
  return nodes.length === 0 ? 'none' : nodes.map(formatAddress).join(', ');
}
