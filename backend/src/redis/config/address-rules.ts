import {
  addressKey,
  formatAddress,
  isSocketPath,
  readAddress,
  socketAddress,
  type NodeAddress,
} from '../base/address/index.js';
import {
  converted,
  HIDDEN,
  isGiven,
  mayHoldSecret,
  readList,
  rule,
  text,
  type Findings,
  type Rule,
} from '../base/options/index.js';

/** The port of a Redis that is named without one. */
export const REDIS_PORT = 6_379;
/** The port of a Sentinel that is listed without one. */
export const SENTINEL_PORT = 26_379;

const ENTRY_REMEDY =
  "Write host:port or [ipv6]:port, for example 'sentinel1:26379' or '[::1]:26379'";

/** Where one Redis is. */
export const address: Rule<NodeAddress, NodeAddress> = converted(
  rule<NodeAddress>('an object of host and port', (value) => value !== null),
  (value, path, findings) => {
    if (isGiven(value) && typeof value['host'] === 'string' && isSocketPath(value['host'])) {
      return socketAddress(value['host']);
    }
    const parsed = readAddress(value, REDIS_PORT);
    if (parsed.ok) return parsed.address;
    const remedy = "Write { host: '127.0.0.1', port: 6379 }";
    findings.refuse(path, showEntry(value), parsed.reason, remedy);
    return undefined;
  },
);

/** The path of a Unix socket. */
export const socketPath = text('an absolute path', /^\/./, "Write '/run/redis/redis.sock'");

/** A list of Sentinels; each counts once, and what cannot be read is reported entry by entry. */
export const sentinelNodes: Rule<readonly (string | NodeAddress)[], readonly NodeAddress[]> =
  converted(
    rule<readonly (string | NodeAddress)[]>('a list', Array.isArray, {
      shows: 'kind',
      remedy: "Write ['sentinel1:26379', 'sentinel2:26379', 'sentinel3:26379']",
      fromText: readList,
    }),
    readNodes,
  );

function readNodes(
  entries: readonly unknown[],
  path: string,
  findings: Findings,
): readonly NodeAddress[] {
  // A password with a comma in it is spread over several entries, so one that looks like a URL hides all.
  const hide = entries.some((entry) => typeof entry === 'string' && mayHoldSecret(entry));
  const pathOf = (index: number): string => `${path}[${String(index)}]`;
  const seen = new Map<string, { readonly address: NodeAddress; readonly index: number }>();
  for (const [index, entry] of entries.entries()) {
    const parsed = readAddress(entry, SENTINEL_PORT);
    if (!parsed.ok) {
      findings.refuse(pathOf(index), hide ? HIDDEN : showEntry(entry), parsed.reason, ENTRY_REMEDY);
      continue;
    }
    const key = addressKey(parsed.address);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, { address: parsed.address, index });
      continue;
    }
    const message = `is the same Sentinel as ${findings.name(pathOf(first.index))} and counts once`;
    findings.warn(pathOf(index), formatAddress(parsed.address), message, 'Remove it');
  }
  return Object.freeze([...seen.values()].map(({ address: own }) => own));
}

function showEntry(entry: unknown): unknown {
  if (!isGiven(entry)) return entry;
  const { host, port } = entry;
  return typeof host === 'string' && typeof port === 'number' ? `${host}:${String(port)}` : entry;
}
