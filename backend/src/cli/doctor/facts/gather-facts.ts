import { addressKey } from '../../../redis/base/address/index.js';
import { SystemClock } from '../../../redis/base/timing/index.js';
import { kindOfFailure, shownCertificate } from '../../../redis/cluster/connection/index.js';
import type { ResolvedAccess } from '../../../redis/config/index.js';
import {
  type Answer,
  isReached,
  reach,
  type Reached,
  type ReachOptions,
  type Survey,
} from '../../reach/index.js';
import type { Door, Facts, Rights, SeenCertificate, Server, StateWrite } from '../picture.js';
import { missingRights, neededRights, rightsOfSentinels, usersOfSentinels } from './ask-rights.js';
import { lookUpNames, type LookUp } from './look-up-names.js';

/** What is asked, and how. */
export interface FactsPlan {
  readonly options: ReachOptions;
  /** How long a server may take to be reached, and for each answer. */
  readonly deadlineMs: number;
  /** Whose rights are asked for at the nodes. @defaultValue those of the user who asks */
  readonly user: string | null;
  /** Whether Sentinels are asked to write their state once more. */
  readonly writesStates: boolean;
  /** @defaultValue that of the system */
  readonly lookUp?: LookUp;
}

const clock = new SystemClock();

/** Asks everything that a survey does not, side by side. Never rejects. */
export async function gatherFacts(survey: Survey, plan: FactsPlan): Promise<Facts> {
  const servers = serversOf(survey, plan.options);
  const reached = servers.filter(({ isReached: is }) => is);
  const [names, certificates, doors, asked] = await Promise.all([
    lookUpNames(servers, plan.deadlineMs, plan.lookUp),
    Promise.all(servers.map((server) => seeCertificate(server, plan))),
    Promise.all(servers.filter(({ isThere }) => isThere).map((server) => tryDoor(server, plan))),
    Promise.all(reached.map((server) => askServer(server, plan))),
  ]);
  return {
    names,
    certificates: certificates.filter((one) => one !== null),
    doors,
    rights: asked.flatMap(({ rights }) => rights),
    sentinelRights: asked.flatMap(({ sentinelRights }) => sentinelRights),
    states: asked.flatMap(({ states }) => states),
  };
}

interface KnownServer extends Server {
  readonly isReached: boolean;
  /** It answers, if only to refuse us: it may let strangers in all the same. */
  readonly isThere: boolean;
}

function serversOf({ sentinels, nodes }: Survey, options: ReachOptions): KnownServer[] {
  const map =
    options.mode === 'sentinel'
      ? options.sentinel.mapAddress
      : (address: Server['address']) => address;
  const all: KnownServer[] = [
    ...sentinels.map(({ address, isConfigured, fault }) => ({
      announced: address,
      address: isConfigured ? address : map(address),
      whose: 'sentinel' as const,
      ...thereness(fault),
    })),
    ...nodes.map(({ announced, address, fault }) => ({
      ...{ announced, address, whose: 'node' as const },
      ...thereness(fault),
    })),
  ];
  return [...new Map(all.map((one) => [`${one.whose} ${addressKey(one.address)}`, one])).values()];
}

function thereness(fault: string | null): Pick<KnownServer, 'isReached' | 'isThere'> {
  const isReached = fault === null;
  return { isReached, isThere: isReached || kindOfFailure(fault) === 'password' };
}

function accessOf({ whose }: Server, options: ReachOptions): ResolvedAccess {
  return whose === 'sentinel' && options.mode === 'sentinel' ? options.sentinel : options.node;
}

function bare({ announced, address, whose }: Server): Server {
  return { announced, address, whose };
}

async function seeCertificate(
  server: Server,
  { options, deadlineMs }: FactsPlan,
): Promise<SeenCertificate | null> {
  const access = accessOf(server, options);
  if (access.tls === null) return null;
  const question = { access, address: server.address, timeoutMs: deadlineMs };
  return { ...bare(server), shown: await shownCertificate(question, clock) };
}

/** Comes without a password: a server that then answers lets everybody in. */
async function tryDoor(server: Server, { options, deadlineMs }: FactsPlan): Promise<Door> {
  const { tls } = accessOf(server, options);
  const { address, whose } = server;
  const access = { username: null, password: null, tls };
  const stranger = await reach({ address, access, whose, deadlineMs });
  if (!isReached(stranger)) return closed(server);
  const [ping, bind, isProtected] = await Promise.all([
    stranger.tryAsk('ping'),
    stranger.tryAsk('config', 'get', 'bind'),
    stranger.tryAsk('config', 'get', 'protected-mode'),
  ]);
  stranger.close();
  if (!ping.ok) return closed(server);
  const valueOf = (answer: Answer): string | null =>
    answer.ok && Array.isArray(answer.value) ? String(answer.value[1]) : null;
  return {
    ...bare(server),
    isOpen: true,
    bind: valueOf(bind),
    isProtected: valueOf(isProtected) !== 'no',
  };
}

function closed(server: Server): Door {
  return { ...bare(server), isOpen: false, bind: null, isProtected: true };
}

interface Asked {
  readonly rights: readonly Rights[];
  readonly sentinelRights: readonly Rights[];
  readonly states: readonly StateWrite[];
}

async function askServer(server: Server, plan: FactsPlan): Promise<Asked> {
  const { options, deadlineMs, user, writesStates } = plan;
  const { address, whose } = server;
  const access = accessOf(server, options);
  const reached = await reach({ address, access, whose, deadlineMs });
  if (!isReached(reached)) return { rights: [], sentinelRights: [], states: [] };
  const own = access.username ?? 'default';
  const name = whose === 'node' ? (user ?? own) : own;
  const [missing, sentinelRights, states] = await Promise.all([
    missingRights(reached, name, neededRights(options, whose)),
    whose === 'node' && options.mode === 'sentinel' ? askForSentinels(server, reached) : [],
    whose === 'sentinel' && writesStates ? writeState(server, reached) : [],
  ]);
  reached.close();
  return { rights: [{ ...bare(server), user: name, missing }], sentinelRights, states };
}

async function askForSentinels(server: Server, node: Reached): Promise<Rights[]> {
  const users = await usersOfSentinels(node);
  return Promise.all(
    users.map(async (user) => ({
      ...{ ...bare(server), user },
      missing: await missingRights(node, user, rightsOfSentinels()),
    })),
  );
}

/** The one question that lets a server do something: it writes what it knows already to its own file. */
async function writeState(server: Server, reached: Reached): Promise<StateWrite[]> {
  const answer = await reached.tryAsk('sentinel', 'flushconfig');
  if (!answer.ok && /NOPERM|unknown/i.test(answer.reason)) return [];
  return [{ ...bare(server), fault: answer.ok ? null : answer.reason }];
}
