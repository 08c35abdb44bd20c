import {
  addressKey,
  formatAddress,
  sameAddress,
  type NodeAddress,
} from '../../redis/base/address/index.js';
import { parseRole, type NodeRole } from '../../redis/cluster/connection/index.js';
import { parseSentinelView, type SentinelView } from '../../redis/cluster/topology/index.js';
import type { ReachOptions } from './connection-options.js';
import { isReached, reach, type Answer } from './reach-server.js';
import {
  type ClockReading,
  clockOf,
  type Fields,
  infoOf,
  listIn,
  NO_FIELDS,
  pairsOf,
  valueIn,
} from './server-answers.js';

/** What was seen of one Sentinel. */
export interface SurveyedSentinel {
  readonly address: NodeAddress;
  /** Whether it was named by whoever asks, and not only by another Sentinel. */
  readonly isConfigured: boolean;
  /** Why it could not be asked; `null` where it answered. */
  readonly fault: string | null;
  /** What it says of the group; `null` where it said nothing that can be used. */
  readonly view: SentinelView | null;
  /** Why it says nothing of the group. */
  readonly viewFault: string | null;
  /** What it answers to `SENTINEL CKQUORUM`. */
  readonly quorum: Answer | null;
  /** The groups that it watches, as `SENTINEL MASTERS` lists them: name, address and flags among others. */
  readonly groups: readonly Fields[];
  /** `SENTINEL MASTER` of the group, as it is. */
  readonly group: Fields;
  /** `SENTINEL REPLICAS` of the group, as it is. */
  readonly replicas: readonly Fields[];
  /** Why it does not list them; `null` where it does. */
  readonly replicasFault: string | null;
  /** `SENTINEL SENTINELS` of the group, as it is. */
  readonly others: readonly Fields[];
  readonly info: Fields;
  readonly clock: ClockReading | null;
}

/** What was seen of one data node. */
export interface SurveyedNode {
  /** As Sentinels, or the environment, call it. */
  readonly announced: NodeAddress;
  /** Where it was asked, after mapping. */
  readonly address: NodeAddress;
  readonly fault: string | null;
  readonly role: NodeRole | null;
  readonly info: Fields;
  /** `CONFIG GET *`; empty where it may not be asked. */
  readonly config: Fields;
  readonly configFault: string | null;
  readonly clock: ClockReading | null;
}

/** A cluster at one moment, seen from here. */
export interface Survey {
  /** `null` for one Redis without Sentinels. */
  readonly masterName: string | null;
  readonly sentinels: readonly SurveyedSentinel[];
  readonly nodes: readonly SurveyedNode[];
  /** The node that most Sentinels name, or the only one; `null` while nobody names one. */
  readonly primary: SurveyedNode | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** How long one server may take to be reached, and for each answer. */
export const SURVEY_DEADLINE_MS = 2_000;

/**
 * Asks every Sentinel and every node that one of them names, side by side, each with a deadline: a server that hangs holds
 * nobody up. Never rejects. Nothing is changed anywhere.
 */
export async function survey(
  options: ReachOptions,
  now: () => number,
  deadlineMs = SURVEY_DEADLINE_MS,
): Promise<Survey> {
  const at = now();
  const look: Look = { now, deadlineMs };
  const sentinels = options.mode === 'sentinel' ? await surveySentinels(options, look) : [];
  const announced = options.mode === 'sentinel' ? announcedNodes(sentinels) : [options.address];
  const nodes = await Promise.all(announced.map((address) => surveyNode(options, address, look)));
  const named = options.mode === 'sentinel' ? mostNamed(sentinels) : options.address;
  return {
    masterName: options.mode === 'sentinel' ? options.sentinel.masterName : null,
    sentinels,
    nodes,
    primary: nodes.find((node) => named !== null && sameAddress(node.announced, named)) ?? null,
    at,
  };
}

/** How one look is taken. */
interface Look {
  readonly now: () => number;
  /** For each server, and for each answer. */
  readonly deadlineMs: number;
}

type SentinelOptions = Extract<ReachOptions, { mode: 'sentinel' }>;

async function surveySentinels(options: SentinelOptions, look: Look): Promise<SurveyedSentinel[]> {
  const { nodes } = options.sentinel;
  const configured = await Promise.all(
    nodes.map((address) => surveySentinel(options, { address, isConfigured: true }, look)),
  );
  const known = new Set(nodes.map(addressKey));
  const ids = new Set(configured.map(({ view }) => view?.id ?? ''));
  const others = new Map<string, NodeAddress>();
  for (const { view } of configured) {
    for (const { address, id } of view?.otherSentinels ?? []) {
      if (!ids.has(id) && !known.has(addressKey(address))) others.set(addressKey(address), address);
    }
  }
  const discovered = await Promise.all(
    [...others.values()].map((address) =>
      surveySentinel(options, { address, isConfigured: false }, look),
    ),
  );
  return [...configured, ...discovered];
}

async function surveySentinel(
  options: SentinelOptions,
  { address, isConfigured }: Pick<SurveyedSentinel, 'address' | 'isConfigured'>,
  { now, deadlineMs }: Look,
): Promise<SurveyedSentinel> {
  const { sentinel } = options;
  const server = await reach({
    address: isConfigured ? address : sentinel.mapAddress(address),
    access: sentinel,
    whose: 'sentinel',
    deadlineMs,
  });
  if (!isReached(server))
    return { ...UNSEEN_SENTINEL, address, isConfigured, fault: server.reason };
  const name = sentinel.masterName;
  const ask = (...question: string[]): Promise<Answer> => server.tryAsk('sentinel', ...question);
  const clock = await clockOf(server, now);
  const at = now();
  const [named, master, replicas, others, id, groups, quorum, info] = await Promise.all([
    ask('get-master-addr-by-name', name),
    ask('master', name),
    ask('replicas', name),
    ask('sentinels', name),
    ask('myid'),
    ask('masters'),
    ask('ckquorum', name),
    infoOf(server),
  ]);
  server.close();
  const seen = {
    ...{ address, isConfigured, info, clock, quorum, fault: null },
    groups: listIn(groups),
    group: master.ok ? pairsOf(master.value) : NO_FIELDS,
    replicas: listIn(replicas),
    replicasFault: replicas.ok ? null : replicas.reason,
    others: listIn(others),
  };
  if (!master.ok) return { ...seen, view: null, viewFault: master.reason };
  if (!named.ok) return { ...seen, view: null, viewFault: named.reason };
  const view = parseSentinelView(address, at, {
    address: named.value,
    master: master.value,
    replicas: valueIn(replicas),
    sentinels: valueIn(others),
    id: valueIn(id),
  });
  return 'invalid' in view
    ? { ...seen, view: null, viewFault: view.invalid }
    : { ...seen, view, viewFault: null };
}

const UNSEEN_SENTINEL = {
  view: null,
  viewFault: null,
  quorum: null,
  groups: [],
  group: NO_FIELDS,
  replicas: [],
  replicasFault: null,
  others: [],
  info: NO_FIELDS,
  clock: null,
} as const;

async function surveyNode(
  options: ReachOptions,
  announced: NodeAddress,
  { now, deadlineMs }: Look,
): Promise<SurveyedNode> {
  const isMapped = options.mode === 'sentinel';
  const address = isMapped ? options.sentinel.mapAddress(announced) : announced;
  const server = await reach({
    ...{ address, access: options.node, deadlineMs },
    whose: 'node',
  });
  if (!isReached(server)) return { ...UNSEEN_NODE, announced, address, fault: server.reason };
  // By itself: behind longer answers it would seem to take as long as they do.
  const clock = await clockOf(server, now);
  const [role, info, config] = await Promise.all([
    server.tryAsk('role'),
    infoOf(server),
    server.tryAsk('config', 'get', '*'),
  ]);
  server.close();
  return {
    ...{ announced, address, info, clock },
    fault: role.ok ? null : role.reason,
    role: role.ok ? parseRole(role.value) : null,
    config: config.ok ? pairsOf(config.value) : NO_FIELDS,
    configFault: config.ok ? null : config.reason,
  };
}

const UNSEEN_NODE = {
  role: null,
  info: NO_FIELDS,
  config: NO_FIELDS,
  configFault: null,
  clock: null,
} as const;

/** Every data node that a Sentinel names, the one that most call the primary first. */
function announcedNodes(sentinels: readonly SurveyedSentinel[]): NodeAddress[] {
  const named = new Map<string, NodeAddress>();
  const primary = mostNamed(sentinels);
  if (primary !== null) named.set(addressKey(primary), primary);
  for (const { view } of sentinels) {
    if (view === null) continue;
    for (const address of [view.primary, ...view.replicas.map((replica) => replica.address)]) {
      named.set(addressKey(address), address);
    }
  }
  return [...named.values()];
}

/** Returns the address that Sentinels call the primary: that of the newest epoch, and of most of them. */
export function mostNamed(
  sentinels: readonly Pick<SurveyedSentinel, 'view'>[],
): NodeAddress | null {
  const votes = new Map<string, { readonly address: NodeAddress; count: number; epoch: number }>();
  for (const { view } of sentinels) {
    if (view === null) continue;
    const { primary: address, epoch } = view;
    const vote = votes.get(formatAddress(address)) ?? { address, count: 0, epoch };
    vote.count += 1;
    vote.epoch = Math.max(vote.epoch, epoch);
    votes.set(formatAddress(address), vote);
  }
  // Sentinels that have not heard of a failover yet may be the most, so the newest epoch decides first.
  const [first] = [...votes.values()].sort((a, b) => b.epoch - a.epoch || b.count - a.count);
  return first?.address ?? null;
}

/** The `replica-priority` of a node: one with 0 is never promoted. */
export function priorityOf({ config, info }: SurveyedNode): number {
  const text = config.get('replica-priority') ?? info.get('slave_priority') ?? '';
  const priority = Number(text);
  return text === '' || !Number.isFinite(priority) ? 100 : priority;
}

/** Whether a Sentinel says that they can decide; `null` where this user may not ask. */
export function saysQuorum({ quorum }: SurveyedSentinel): boolean | null {
  if (quorum?.ok === false && quorum.reason.startsWith('NOPERM')) return null;
  return quorum?.ok === true;
}
