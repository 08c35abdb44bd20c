import { isIPv4, isIPv6 } from 'node:net';

/**
 * Where a Redis or Sentinel process listens. The host is a name, an IPv4 or a bare IPv6 address; or the
 * path of a Unix socket, which begins with a slash and has port 0.
 */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** The address that was read, or why it cannot be read. The reason never contains the text. */
type AddressParse =
  | { readonly ok: true; readonly address: NodeAddress }
  | { readonly ok: false; readonly reason: string };

const MAX_PORT = 65_535;
const MAX_HOST_LENGTH = 253;
const BRACKETED = /^\[([^\]]*)\](?::(.*))?$/;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;

/**
 * Reads `host`, `host:port`, `[ipv6]:port` or a bare IPv6 address. Never throws.
 * Uses `defaultPort` when the text has no port; when there is neither, the address is refused.
 */
export function parseAddress(text: string, defaultPort?: number): AddressParse {
  const trimmed = text.trim();
  if (trimmed === '') return refused('is empty');
  if (isIPv6(trimmed)) return join(trimmed, undefined, defaultPort);
  const bracketed = BRACKETED.exec(trimmed);
  if (bracketed !== null) {
    const [, host = '', port] = bracketed;
    return isIPv6(host)
      ? join(host, port, defaultPort)
      : refused('has no IPv6 address between its brackets');
  }
  if (/:\d+[;\s]/.test(trimmed)) {
    return refused('goes on after its port; several addresses have commas between them');
  }
  const [host = '', port, ...rest] = trimmed.split(':');
  if (rest.length > 0) {
    return refused('has too many colons; an IPv6 address with a port needs brackets');
  }
  return join(host, port, defaultPort);
}

/** Reads an address as users write it: text, or an object of host and port. Never throws. */
export function readAddress(value: unknown, defaultPort?: number): AddressParse {
  if (typeof value === 'string') return parseAddress(value, defaultPort);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused("is neither text such as 'host:port' nor an object of host and port");
  }
  const { host, port = defaultPort, ...rest } = value as Readonly<Record<string, unknown>>;
  if (Object.keys(rest).length > 0) return refused('has keys other than host and port');
  if (typeof host !== 'string') return refused('has no host');
  if (!isPort(port)) return refused(`has no port from 1 to ${String(MAX_PORT)}`);
  const bare = stripBrackets(host);
  const fault = hostFault(bare);
  return fault === null ? accepted({ host: bare, port }) : refused(fault);
}

/** Returns the text that {@link parseAddress} reads back, with IPv6 in brackets; of a Unix socket its path. */
export function formatAddress(address: NodeAddress): string {
  if (isSocketPath(address.host)) return address.host;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${String(address.port)}`;
}

/** Returns whether both are the same address: case and the spelling of IPv6 do not matter. */
export function sameAddress(one: NodeAddress, other: NodeAddress): boolean {
  if (one.port !== other.port) return false;
  return one.host === other.host || canonicalHost(one.host) === canonicalHost(other.host);
}

/** Returns one text per address, to be used as a key: lower case, IPv6 in its shortest spelling. */
export function addressKey(address: NodeAddress): string {
  return formatAddress({ host: canonicalHost(address.host), port: address.port });
}

/** Returns what is wrong with a host, or `null`. */
export function hostFault(host: string): string | null {
  if (host === '') return 'has no host';
  if (isIPv4(host) || isIPv6(host)) return null;
  if (/^[\d.]+$/.test(host)) return 'is not an IPv4 address';
  if (host.length <= MAX_HOST_LENGTH && HOST_NAME.test(host)) return null;
  return 'has a host that is neither a name nor an IP address';
}

/** Returns whether a host is a name, and neither an IP address nor the path of a Unix socket. */
export function isHostName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host) && !isSocketPath(host);
}

/** Returns whether it is the path of a Unix socket: no other host begins with a slash. */
export function isSocketPath(host: string): boolean {
  return host.startsWith('/');
}

/** Returns the address of a Unix socket. */
export function socketAddress(path: string): NodeAddress {
  return Object.freeze({ host: path, port: 0 });
}

/** Returns whether the value is a whole number that can be a TCP port. */
export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_PORT;
}

/** Returns `::1` for `[::1]`, and every other host unchanged. */
export function stripBrackets(host: string): string {
  return /^\[.*\]$/.test(host) ? host.slice(1, -1) : host;
}

function join(host: string, port: string | undefined, defaultPort?: number): AddressParse {
  const fault = hostFault(host);
  if (fault !== null) return refused(fault);
  if (port === undefined) {
    return defaultPort === undefined
      ? refused('has no port')
      : accepted({ host, port: defaultPort });
  }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return isPort(number)
    ? accepted({ host, port: number })
    : refused(`has a port that is not a number from 1 to ${String(MAX_PORT)}`);
}

function canonicalHost(host: string): string {
  // Paths that differ in case are two sockets.
  if (isSocketPath(host)) return host;
  // A zone index ('%eth0') is not understood by URL, and has one spelling anyway.
  if (!host.includes(':') || host.includes('%') || !isIPv6(host)) return host.toLowerCase();
  return stripBrackets(new URL(`http://[${host}]`).hostname);
}

function accepted(address: NodeAddress): AddressParse {
  return { ok: true, address: Object.freeze(address) };
}

function refused(reason: string): AddressParse {
  return { ok: false, reason };
}
