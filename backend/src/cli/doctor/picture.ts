import { formatAddress, sameAddress, type NodeAddress } from '../../redis/base/address/index.js';
import type { Problem } from '../../redis/base/errors/index.js';
import type { ShownCertificate } from '../../redis/cluster/connection/index.js';
import type { Fields, Survey, SurveyedNode, SurveyedSentinel } from '../reach/index.js';
import type { Finding } from './doctor-finding.js';

/** Whose server it is. */
export type Whose = 'node' | 'sentinel';

/** A server that was looked at besides the survey. */
export interface Server {
  /** As it is announced. */
  readonly announced: NodeAddress;
  /** Where it is asked, after mapping. */
  readonly address: NodeAddress;
  readonly whose: Whose;
}

/** How a name was looked up. */
export interface NameLookUp {
  readonly host: string;
  readonly tookMs: number;
  /** The code of the system, such as `ENOTFOUND`, or `late` where nothing came in time; `null` where it has an address. */
  readonly fault: string | null;
}

/** The certificate of a server; `null` where it showed none. */
export interface SeenCertificate extends Server {
  readonly shown: ShownCertificate | null;
}

/** Whether a server lets somebody in who gives no password. */
export interface Door extends Server {
  readonly isOpen: boolean;
  /** The settings `bind` and `protected-mode`, as such a one is told; `null` where they are not. */
  readonly bind: string | null;
  readonly isProtected: boolean;
}

/** What the user may do at a server; `missing` is `null` where that may not be asked. */
export interface Rights extends Server {
  readonly user: string;
  readonly missing: readonly MissingRight[] | null;
}

/** A right that the user does not have. */
export interface MissingRight {
  /** As a rule of `ACL SETUSER`. */
  readonly rule: string;
  /** What does not work without it. */
  readonly lost: string;
  /** Whether the library does its work without it. */
  readonly isSpareable: boolean;
}

/** What a Sentinel answered when it was asked to write its state once more. */
export interface StateWrite extends Server {
  readonly fault: string | null;
}

/** What is asked besides the survey, once. */
export interface Facts {
  readonly names: readonly NameLookUp[];
  readonly certificates: readonly SeenCertificate[];
  readonly doors: readonly Door[];
  readonly rights: readonly Rights[];
  /** The same of those as whom Sentinels are logged in at the nodes. */
  readonly sentinelRights: readonly Rights[];
  readonly states: readonly StateWrite[];
}

/** Everything that is judged: a cluster at one moment, and what it is used for. */
export interface Picture extends Facts {
  readonly survey: Survey;
  /** What the application would find doubtful in its variables. */
  readonly doubts: readonly Problem[];
  /** Whether sessions are kept in it, so that eviction matters. */
  readonly keepsSessions: boolean;
}

/** Judges a picture. */
export type Rule = (picture: Picture) => Finding[];

/** A Sentinel that says something of the group. */
export interface SeeingSentinel extends SurveyedSentinel {
  readonly view: NonNullable<SurveyedSentinel['view']>;
}

/** The Sentinels that say something of the group. */
export function seeing({ sentinels }: Survey): SeeingSentinel[] {
  return sentinels.filter((one): one is SeeingSentinel => one.view !== null);
}

/** Text for a Sentinel or a node. */
export function nameOf(server: SurveyedNode | SurveyedSentinel): string {
  return formatAddress('announced' in server ? server.announced : server.address);
}

/** Evidence of each server for which `what` returns something. */
export function seenAt<S extends SurveyedNode | SurveyedSentinel>(
  servers: readonly S[],
  what: (server: S) => string | null,
): { at: string; seen: string }[] {
  return servers.flatMap((server) => {
    const seen = what(server);
    return seen === null ? [] : [{ at: nameOf(server), seen }];
  });
}

/** The name of the group, or of the only node. */
export function groupOf({ masterName, nodes }: Survey): string {
  return masterName ?? (nodes[0] === undefined ? 'redis' : nameOf(nodes[0]));
}

/** A number among fields; `null` where there is none. */
export function numberIn(fields: Fields, name: string): number | null {
  const text = fields.get(name);
  if (text === undefined || text === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

/** Whether fields with `ip` and `port` are about an address. */
export function isAbout(fields: Fields, address: NodeAddress): boolean {
  return sameAddress({ host: fields.get('ip') ?? '', port: Number(fields.get('port')) }, address);
}

/** The nodes that answered, in the role that they say they have. */
export function nodesIn(survey: Survey, kind: 'primary' | 'replica'): SurveyedNode[] {
  return survey.nodes.filter(({ role }) => role?.kind === kind);
}

/** Time in words. */
export function inWords(ms: number): string {
  if (ms < 10_000) return `${String(Math.round(ms))} ms`;
  const units = [
    [86_400_000, 'days'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  const [size, unit] = units.find(([of]) => ms >= 2 * of) ?? units[3];
  return `${String(Math.round(ms / size))} ${unit}`;
}
