import { hostFault, type NodeAddress } from '../../../base/address/index.js';

/** The role that a node said it had when a Sentinel last looked, which it does every ten seconds. */
export interface SeenRole {
  readonly role: 'primary' | 'replica';
  /** How long ago it looked, in ms. */
  readonly agoMs: number;
}

/** A replica, as one Sentinel sees it. */
export interface ReplicaView {
  readonly address: NodeAddress;
  readonly isDown: boolean;
  /** It was last seen as a replica whose link to the primary is up, and is not called down. */
  readonly isHealthy: boolean;
  readonly offset: number;
  readonly priority: number;
  readonly seen: SeenRole;
}

/** Another Sentinel, as one Sentinel knows it. */
export interface OtherSentinel {
  readonly address: NodeAddress;
  /** Its own id: the same Sentinel may have several addresses. */
  readonly id: string;
}

/** What one Sentinel reported about our group at one moment. */
export interface SentinelView {
  readonly sentinel: NodeAddress;
  /** Its own id; empty if it is not known. */
  readonly id: string;
  /** When it was asked, on the engine's clock. */
  readonly at: number;
  /** The primary that it names to clients. */
  readonly primary: NodeAddress;
  /** The config-epoch in which it names that primary. The highest wins. */
  readonly epoch: number;
  readonly isFailoverInProgress: boolean;
  readonly isPrimaryDown: boolean;
  /** What it saw of the node that it holds for the primary. */
  readonly primarySeen: SeenRole;
  readonly replicas: readonly ReplicaView[];
  readonly otherSentinels: readonly OtherSentinel[];
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
}

/** The raw answers to the questions; `null` where the Sentinel refused one of the last three. */
export interface SentinelAnswers {
  /** `SENTINEL GET-MASTER-ADDR-BY-NAME` */
  readonly address: unknown;
  /** `SENTINEL MASTER` */
  readonly master: unknown;
  /** `SENTINEL REPLICAS` */
  readonly replicas: unknown;
  /** `SENTINEL SENTINELS` */
  readonly sentinels: unknown;
  /** `SENTINEL MYID` */
  readonly id: unknown;
}

/** Reads the answers. Returns what is wrong with them if they cannot be used. */
export function parseSentinelView(
  sentinel: NodeAddress,
  at: number,
  answers: SentinelAnswers,
): SentinelView | { readonly invalid: string } {
  const master = toFields(answers.master);
  if (master === null) return { invalid: 'SENTINEL MASTER was not answered with a list of fields' };
  const primary = parseAddressPair(answers.address);
  if (primary === null) return { invalid: 'the Sentinel names no address for the primary' };
  const epochText = master.get('config-epoch') ?? '';
  const epoch = Number(epochText);
  if (!/^\d+$/.test(epochText) || !Number.isSafeInteger(epoch))
    return { invalid: 'config-epoch is missing' };
  const flags = toFlags(master);
  return {
    sentinel,
    id: typeof answers.id === 'string' ? answers.id : '',
    at,
    primary,
    epoch,
    isFailoverInProgress: flags.has('failover_in_progress'),
    isPrimaryDown: isDown(flags),
    primarySeen: toSeenRole(master, 'primary'),
    replicas: toList(answers.replicas).flatMap(toReplica),
    otherSentinels: toList(answers.sentinels).flatMap(toOther),
    quorum: toInteger(master.get('quorum')),
    downAfterMs: toInteger(master.get('down-after-milliseconds')),
    failoverTimeoutMs: toInteger(master.get('failover-timeout')),
  };
}

/** Reads `[host, port]`. Returns `null` for anything else. */
export function parseAddressPair(pair: unknown): NodeAddress | null {
  if (!Array.isArray(pair) || pair.length < 2) return null;
  return toNodeAddress(pair[0], pair[1]);
}

/**
 * Returns the address of a host and a port, or `null` if one of them is not valid. A host from outside
 * goes to a log and to the resolver, so it must be a name or an IP address and nothing else.
 */
export function toNodeAddress(host: unknown, port: unknown): NodeAddress | null {
  const number = Number(port);
  if (typeof host !== 'string' || hostFault(host) !== null) return null;
  if (!Number.isInteger(number) || number < 1 || number > 65_535) return null;
  return { host, port: number };
}

type Fields = ReadonlyMap<string, string>;

function toFields(answer: unknown): Fields | null {
  if (!Array.isArray(answer) || answer.length === 0 || answer.length % 2 !== 0) return null;
  const fields = new Map<string, string>();
  for (let i = 0; i < answer.length; i += 2) fields.set(String(answer[i]), String(answer[i + 1]));
  return fields;
}

function toList(answer: unknown): Fields[] {
  if (!Array.isArray(answer)) return [];
  return answer.map(toFields).filter((fields) => fields !== null);
}

function toFlags(fields: Fields): ReadonlySet<string> {
  return new Set((fields.get('flags') ?? '').split(','));
}

function toAddress(fields: Fields): NodeAddress[] {
  const address = toNodeAddress(fields.get('ip'), fields.get('port'));
  return address === null ? [] : [address];
}

function toOther(fields: Fields): OtherSentinel[] {
  return toAddress(fields).map((address) => ({ address, id: fields.get('runid') ?? '' }));
}

function toReplica(fields: Fields): ReplicaView[] {
  const flags = toFlags(fields);
  const isReached = !isDown(flags) && !flags.has('disconnected');
  const seen = toSeenRole(fields, 'replica');
  const isLinked = seen.role === 'replica' && fields.get('master-link-status') === 'ok';
  return toAddress(fields).map((address) => ({
    ...{ address, seen },
    isDown: isDown(flags),
    isHealthy: isReached && isLinked,
    offset: toInteger(fields.get('slave-repl-offset')),
    priority: toInteger(fields.get('slave-priority')),
  }));
}

function isDown(flags: ReadonlySet<string>): boolean {
  return flags.has('s_down') || flags.has('o_down');
}

// A Sentinel that has not looked yet says what it holds the node for.
function toSeenRole(fields: Fields, held: SeenRole['role']): SeenRole {
  const said = fields.get('role-reported');
  const role = said === 'master' ? 'primary' : said === 'slave' ? 'replica' : held;
  return { role, agoMs: toInteger(fields.get('info-refresh')) };
}

function toInteger(text: string | undefined): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : 0;
}
