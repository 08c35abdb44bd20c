import { adviseOnEviction } from '../../../redis/cluster/topology/index.js';
import type { SurveyedNode } from '../../reach/index.js';
import { formatBytes } from '../../screen/index.js';
import { found, type Finding } from '../doctor-finding.js';
import { nameOf, numberIn, seenAt, type Picture } from '../picture.js';

const MB = 1_048_576;
const FULL_SHARE = 0.9;
const MUCH_SHARE = 0.5;
const FEW_CLIENTS = 100;
const BUSY_SHARE = 0.8;
const SHORT_IDLE_S = 10;
/** A replica that was away comes back within this time, in most cases. */
const AWAY_S = 20;
const COPIED_IN_A_SECOND = 100 * MB;
const SMALL_BUFFER = 16 * MB;
const SMALL_BUFFER_OF_CLIENT = MB;
const SMALL_BACKLOG = MB;

/** What a node has room for: data, connections, and what is on its way. */
export function judgeMemory(picture: Picture): Finding[] {
  const { nodes } = picture.survey;
  return [
    ...judgeData(picture),
    ...judgeConnections(nodes),
    ...judgeBuffers(nodes),
    ...judgeBacklog(nodes),
  ];
}

function judgeData({ survey: { nodes }, keepsSessions }: Picture): Finding[] {
  const evictions = nodes.flatMap((node) => {
    const limit = numberIn(node.config, 'maxmemory');
    const policy = node.config.get('maxmemory-policy');
    if (!keepsSessions || limit === null || policy === undefined) return [];
    return adviseOnEviction(limit, policy).map((advice) => ({ node, advice }));
  });
  const unlimited = nodes.filter(({ config }) => config.get('maxmemory') === '0');
  const isMuch = unlimited.some((node) => shareOf(node) > MUCH_SHARE);
  return [
    ...found(
      'eviction-of-sessions',
      evictions.map(({ node, advice: { field, value, message } }) => ({
        at: nameOf(node),
        seen: `${field} is ${String(value)}: ${message}`,
      })),
      evictions[0]?.advice.remedy ?? '',
    ),
    ...found(
      'memory-unlimited',
      seenAt(unlimited, (node) => {
        const used = formatBytes(numberIn(node.info, 'used_memory') ?? 0);
        return `maxmemory is 0; ${used} of the ${formatBytes(allOf(node))} of its machine are used`;
      }),
      'CONFIG SET maxmemory to two thirds of what it may have, on every node, and in their files: else the system ends it when memory is short',
      { severity: isMuch ? 'danger' : 'advice' },
    ),
    ...judgeFull(nodes, keepsSessions),
  ];
}

function allOf({ info }: SurveyedNode): number {
  return numberIn(info, 'total_system_memory') ?? 0;
}

function shareOf(node: SurveyedNode): number {
  const all = allOf(node);
  return all === 0 ? 0 : (numberIn(node.info, 'used_memory') ?? 0) / all;
}

function judgeFull(nodes: readonly SurveyedNode[], keepsSessions: boolean): Finding[] {
  return found(
    'memory-full',
    seenAt(nodes, ({ config, info }) => {
      const limit = numberIn(config, 'maxmemory') ?? 0;
      const used = numberIn(info, 'used_memory') ?? 0;
      const isKept = keepsSessions || config.get('maxmemory-policy') === 'noeviction';
      return limit > 0 && isKept && used > FULL_SHARE * limit
        ? `${formatBytes(used)} of ${formatBytes(limit)} are used`
        : null;
    }),
    'Raise maxmemory on every node, or find what has no time to live: docs/operations/troubleshooting.md#memory',
  );
}

function judgeConnections(nodes: readonly SurveyedNode[]): Finding[] {
  const countOf = ({ info }: SurveyedNode): number => numberIn(info, 'connected_clients') ?? 0;
  const limitOf = ({ config, info }: SurveyedNode): number =>
    numberIn(config, 'maxclients') ?? numberIn(info, 'maxclients') ?? Infinity;
  const isBusy = (node: SurveyedNode): boolean => countOf(node) > BUSY_SHARE * limitOf(node);
  return [
    ...found(
      'connections-few',
      seenAt(nodes, (node) =>
        limitOf(node) < FEW_CLIENTS || isBusy(node)
          ? `maxclients is ${String(limitOf(node))}, ${String(countOf(node))} are connected`
          : null,
      ),
      'CONFIG SET maxclients 10000 on every node, and in their files; the system must let it open as many files',
      { severity: nodes.some(isBusy) ? 'danger' : 'doubtful' },
    ),
    ...found(
      'idle-timeout-short',
      seenAt(nodes, ({ config }) => {
        const idleS = numberIn(config, 'timeout') ?? 0;
        return idleS > 0 && idleS < SHORT_IDLE_S ? `timeout is ${String(idleS)} s` : null;
      }),
      'CONFIG SET timeout 0, and tcp-keepalive 30: that finds dead connections',
    ),
  ];
}

function arrivingPerSecond({ info }: SurveyedNode): number {
  return (numberIn(info, 'instantaneous_input_kbps') ?? 0) * 1_024;
}

/** The hard limits by class, in bytes; 0 is none. */
function limitsOf({ config }: SurveyedNode): ReadonlyMap<string, number> {
  const words = (config.get('client-output-buffer-limit') ?? '').split(' ');
  return new Map(
    words.flatMap((word, at) =>
      at % 4 === 0 && word !== '' ? [[word, Number(words[at + 1])] as const] : [],
    ),
  );
}

/** What must fit while a replica copies everything; the backlog counts, since it is kept anyway. */
function neededFor(node: SurveyedNode): number {
  const used = numberIn(node.info, 'used_memory') ?? 0;
  return Math.max(SMALL_BUFFER, 2 * arrivingPerSecond(node) * (1 + used / COPIED_IN_A_SECOND));
}

function judgeBuffers(nodes: readonly SurveyedNode[]): Finding[] {
  return found(
    'output-buffer-small',
    seenAt(nodes, (node) => {
      const small = [...limitsOf(node)].flatMap(([kind, limit]) => {
        const isReplica = kind === 'slave' || kind === 'replica';
        const backlog = numberIn(node.config, 'repl-backlog-size') ?? 0;
        const room = isReplica ? Math.max(limit, backlog) : limit;
        const need = isReplica ? neededFor(node) : SMALL_BUFFER_OF_CLIENT;
        if (limit === 0 || room >= need) return [];
        return [
          `${isReplica ? 'replica' : kind} ${formatBytes(limit)}, needed ${formatBytes(need)}`,
        ];
      });
      return small.length === 0 ? null : `client-output-buffer-limit ${small.join('; ')}`;
    }),
    "CONFIG SET client-output-buffer-limit 'replica 256mb 64mb 60', for others their default, on every node",
  );
}

function judgeBacklog(nodes: readonly SurveyedNode[]): Finding[] {
  return found(
    'backlog-small',
    seenAt(nodes, (node) => {
      const size = numberIn(node.config, 'repl-backlog-size');
      if (size === null) return null;
      const need = Math.max(SMALL_BACKLOG, AWAY_S * arrivingPerSecond(node));
      return size >= need
        ? null
        : `repl-backlog-size is ${formatBytes(size)}; ${String(AWAY_S)} s of writes are ${formatBytes(need)}`;
    }),
    'CONFIG SET repl-backlog-size 32mb on every node, and in their files',
  );
}
