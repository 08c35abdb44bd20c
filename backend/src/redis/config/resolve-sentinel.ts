import { checkOrder } from './check-order.js';
import { buildAddressMapper, type NatMap } from './address-mapper.js';
import { DEFAULTS, MIN_SENTINELS, SENTINEL_PORT } from './defaults.js';
import { HIDDEN, mayHoldSecret, type Findings } from './findings.js';
import { addressKey, formatAddress, readAddress, type NodeAddress } from '../base/address/index.js';
import { isGiven, readGroup, readObject, type Given } from './option-reader.js';
import { resolveAccess } from './resolve-access.js';
import type { ResolvedSentinelOptions } from './resolved-options.js';

const NODE_REMEDY =
  "Write host:port or [ipv6]:port, for example 'sentinel1:26379' or '[::1]:26379'";
const LIST_REMEDY = "Write ['sentinel1:26379', 'sentinel2:26379', 'sentinel3:26379']";

/** Either Sentinel mode, or the one Redis to use because there are too few Sentinels for it. */
export type SentinelOutcome =
  | { readonly kind: 'sentinel'; readonly sentinel: ResolvedSentinelOptions['sentinel'] }
  | { readonly kind: 'fallback'; readonly address: NodeAddress };

/** Checks everything that belongs to Sentinel mode, and decides whether it can be had. */
export function resolveSentinel(given: Given, findings: Findings): SentinelOutcome {
  const group = readObject('sentinel', given['sentinel'], findings);
  const { strict, ...scalars } = readGroup('sentinel', group, findings);
  const { nodes, unreadable } = readNodes(group['nodes'], findings);
  const sentinel = {
    ...scalars,
    ...resolveAccess('sentinel', scalars, group['tls'], findings),
    nodes,
    mapAddress: readNatMap(group['natMap'], findings),
  };
  checkOrder('sentinel', sentinel, findings);
  const address = readFallbackAddress(given['fallbackAddress'], findings);
  if (nodes.length >= MIN_SENTINELS) return { kind: 'sentinel', sentinel };
  // Unreadable entries are reported on their own, and may be enough once they are corrected.
  if (strict && nodes.length + unreadable < MIN_SENTINELS) refuseTooFew(nodes, findings);
  if (!strict) warnTooFew(nodes, address, findings);
  return { kind: 'fallback', address };
}

interface NodeList {
  readonly nodes: readonly NodeAddress[];
  readonly unreadable: number;
}

function readNodes(value: unknown, findings: Findings): NodeList {
  if (value === undefined) return { nodes: [], unreadable: 0 };
  if (!Array.isArray(value)) {
    findings.refuse('sentinel.nodes', showKind(value), 'must be a list', LIST_REMEDY);
    return { nodes: [], unreadable: 0 };
  }
  const entries: readonly unknown[] = value;
  // A password with a comma in it is spread over several entries, so one that looks like a URL hides all.
  const hide = entries.some((entry) => typeof entry === 'string' && mayHoldSecret(entry));
  const seen = new Map<string, { readonly address: NodeAddress; readonly index: number }>();
  let unreadable = 0;
  for (const [index, entry] of entries.entries()) {
    const path = nodePath(index);
    const parsed = readAddress(entry, SENTINEL_PORT);
    if (!parsed.ok) {
      unreadable += 1;
      findings.refuse(path, hide ? HIDDEN : showEntry(entry), parsed.reason, NODE_REMEDY);
      continue;
    }
    const key = addressKey(parsed.address);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, { address: parsed.address, index });
    else warnDuplicate(path, parsed.address, first.index, findings);
  }
  return { nodes: [...seen.values()].map(({ address }) => address), unreadable };
}

function nodePath(index: number): string {
  return `sentinel.nodes[${String(index)}]`;
}

function showKind(value: unknown): unknown {
  return typeof value === 'string' ? '(text)' : value;
}

function showEntry(entry: unknown): unknown {
  if (!isGiven(entry)) return entry;
  const { host, port } = entry;
  return typeof host === 'string' && typeof port === 'number' ? `${host}:${String(port)}` : entry;
}

function warnDuplicate(
  path: string,
  address: NodeAddress,
  first: number,
  findings: Findings,
): void {
  findings.warn(
    path,
    formatAddress(address),
    `is the same Sentinel as ${findings.name(nodePath(first))} and counts once`,
    'Remove it',
  );
}

function readNatMap(
  value: unknown,
  findings: Findings,
): ResolvedSentinelOptions['sentinel']['mapAddress'] {
  if (value !== undefined && typeof value !== 'function' && !isGiven(value)) {
    findings.refuse(
      'sentinel.natMap',
      showKind(value),
      'must be an object or a function',
      "Write { '172.30.0.2:6379': '127.0.0.1:6380' }",
    );
    return DEFAULTS.sentinel.mapAddress;
  }
  // Whatever the object holds is checked entry by entry, and what the function returns at each call.
  const { mapAddress, faults } = buildAddressMapper(value as NatMap | undefined);
  for (const { announced, reason } of faults) {
    findings.refuse(
      'sentinel.natMap',
      announced,
      reason,
      "Write the announced address and where it is reached, for example '172.30.0.2:6379' and '127.0.0.1:6380'",
    );
  }
  return mapAddress;
}

function readFallbackAddress(value: unknown, findings: Findings): NodeAddress {
  if (value === undefined) return DEFAULTS.address;
  const parsed = readAddress(value, DEFAULTS.address.port);
  if (parsed.ok) return parsed.address;
  findings.refuse(
    'fallbackAddress',
    showEntry(value),
    parsed.reason,
    "Write { host: '127.0.0.1', port: 6379 }",
  );
  return DEFAULTS.address;
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
