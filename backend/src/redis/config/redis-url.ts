import { parseAddress, socketAddress, type NodeAddress } from '../base/address/index.js';
import {
  converted,
  HIDDEN,
  rule,
  type Findings,
  type Given,
  type Rule,
} from '../base/options/index.js';
import { REDIS_PORT } from './address-rules.js';

/** What a `redis://`, `rediss://` or `unix://` address says. Absent members were not in it. */
export interface UrlOptions {
  readonly address: NodeAddress;
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
}

type UrlParse =
  | { readonly ok: true; readonly parts: UrlOptions }
  | { readonly ok: false; readonly reason: string };

const REMEDY =
  'Write redis://user:password@host:6379/0, or rediss:// for TLS, or unix:///path?db=0 for a Unix socket, and percent-encode special characters of the password';

// Not read by `URL`, which allows no credentials without a host.
const UNIX_URL =
  /^unix:\/\/(?:(?<user>[^:@/?#]*)(?::(?<secret>[^@/?#]*))?@)?(?<path>\/[^?#]*)?(?:\?(?<query>.*))?$/i;
const DB_PARAMETER = /^db=\d+$/;

/** An address as a URL. No part of an unusable one is shown: a password may be anywhere in it. */
export const url: Rule<string, UrlOptions> = converted(
  rule<string>('a redis://, rediss:// or unix:// address', (value) => typeof value === 'string', {
    shows: 'nothing',
    remedy: REMEDY,
    fromText: (raw) => raw.trim(),
  }),
  readUrl,
);

/** Reads the address at `path`. `undefined` when it is unusable, which is reported without its text. */
export function readUrl(text: string, path: string, findings: Findings): UrlOptions | undefined {
  const parse = parseRedisUrl(text);
  if (parse.ok) return parse.parts;
  findings.refuse(path, HIDDEN, parse.reason, REMEDY);
  return undefined;
}

/**
 * The node options together with what the address says. An option that was given as well and says
 * something else is reported, because either of the two may be the outdated one.
 */
export function mergeUrl(parts: UrlOptions, node: Given, findings: Findings): Given {
  const merged: Record<string, unknown> = { ...node };
  for (const key of ['username', 'password', 'db'] as const) {
    const own = node[key];
    if (parts[key] === undefined) continue;
    if (isSet(own) && own !== parts[key]) refuseBoth(`node.${key}`, findings);
    merged[key] = parts[key];
  }
  if (parts.isTls && node['tls'] === false) refuseBoth('node.tls', findings);
  if (parts.isTls && node['tls'] === undefined) merged['tls'] = true;
  return merged;
}

/** Reads a `redis://`, `rediss://` or `unix://` address. Never throws; the reason never repeats the text. */
export function parseRedisUrl(text: string): UrlParse {
  if (/^unix:\/\//i.test(text)) return parseUnixUrl(text);
  if (!/^rediss?:\/\//i.test(text)) {
    return fault('does not start with redis://, rediss:// or unix://');
  }
  const given = URL.canParse(text) ? new URL(text) : undefined;
  if (given === undefined) return fault('is not a valid address');
  if (given.search !== '' || given.hash !== '') return fault("has a part after '?' or '#'");
  if (!/^\/?\d*$/.test(given.pathname))
    return fault("has something else than a number after its '/'");
  if (given.username !== '' && given.password === '') {
    return fault('has a user name and no password');
  }
  return collectParts(given);
}

function collectParts(given: URL): UrlParse {
  const parsed = parseAddress(given.host, REDIS_PORT);
  if (!parsed.ok) return fault(parsed.reason);
  return withCredentials(given.username, given.password, {
    address: parsed.address,
    isTls: given.protocol === 'rediss:',
    ...dbOf(given.pathname.replace('/', '')),
  });
}

function parseUnixUrl(text: string): UrlParse {
  const part = partsOf(UNIX_URL.exec(text));
  const path = decode(part('path'));
  if (path === undefined || path.length < 2) return fault('has no absolute path after unix://');
  const [user, secret, query] = [part('user'), part('secret'), part('query')];
  if (query !== '' && !DB_PARAMETER.test(query)) {
    return fault("has something else than 'db=' and a number after '?'");
  }
  if (user !== '' && secret === '') return fault('has a user name and no password');
  const parts = { address: socketAddress(path), isTls: false, ...dbOf(query.replace('db=', '')) };
  return withCredentials(user, secret, parts);
}

function partsOf(match: RegExpExecArray | null): (name: string) => string {
  return (name) => match?.groups?.[name] ?? '';
}

function withCredentials(user: string, secret: string, parts: UrlOptions): UrlParse {
  const username = decode(user);
  const password = decode(secret);
  if (username === undefined || password === undefined) {
    return fault("has a '%' in its credentials that is not a percent-encoding");
  }
  const credentials = {
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  };
  return { ok: true, parts: { ...parts, ...credentials } };
}

function dbOf(text: string): { readonly db?: number } {
  return text === '' ? {} : { db: Number(text) };
}

function refuseBoth(path: string, findings: Findings): void {
  findings.refuse(
    path,
    HIDDEN,
    `differs from what ${findings.name('url')} says`,
    `Keep it in one place: ${findings.name(path)} or ${findings.name('url')}`,
  );
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function fault(reason: string): UrlParse {
  return { ok: false, reason };
}
