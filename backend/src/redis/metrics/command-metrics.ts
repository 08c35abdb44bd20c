import {
  COMMAND_KINDS,
  COMMAND_OUTCOMES,
  LATENCY_BOUNDS_MS,
  type CommandStats,
} from '../base/stats/index.js';
import type { MetricsStatus } from './metrics-sources.js';
import { byLabel, histogram, single, type Sample } from './sample.js';

const BOUNDS_S = LATENCY_BOUNDS_MS.map((ms) => ms / 1_000);

/** The values of commands. */
export function commandMetrics(
  { kinds, retries, rejections }: CommandStats,
  { waiting, pending, pools }: MetricsStatus,
): [string, readonly Sample[]][] {
  return [
    ['commands_total', COMMAND_KINDS.flatMap((kind) => outcomesOf(kind, kinds))],
    ['command_duration_seconds', COMMAND_KINDS.flatMap((kind) => durationsOf(kind, kinds))],
    ['retries_total', byLabel('reason', retries)],
    ['rejections_total', byLabel('reply', rejections)],
    ['deadline_misses_total', COMMAND_KINDS.map((kind) => missesOf(kind, kinds))],
    ['queue_commands', byLabel('direction', { ...waiting })],
    ['pending_commands', single(pending)],
    ['pool_connections', [...poolMetrics('write', pools), ...poolMetrics('read', pools)]],
  ];
}

type Kinds = CommandStats['kinds'];
type Kind = keyof Kinds;

function outcomesOf(kind: Kind, kinds: Kinds): Sample[] {
  const { outcomes } = kinds[kind];
  return COMMAND_OUTCOMES.map((outcome) => ({
    labels: { kind, outcome },
    value: outcomes[outcome],
  }));
}

function durationsOf(kind: Kind, kinds: Kinds): Sample[] {
  const { upTo, count, sumMs } = kinds[kind].durations;
  return histogram({ kind }, { boundsS: BOUNDS_S, upTo, count, sumS: sumMs / 1_000 });
}

function missesOf(kind: Kind, kinds: Kinds): Sample {
  return { labels: { kind }, value: kinds[kind].deadlineMisses };
}

function poolMetrics(pool: 'write' | 'read', pools: MetricsStatus['pools']): Sample[] {
  const { size, available } = pools[pool];
  return byLabel('state', { idle: available, unavailable: size - available }).map(
    ({ labels, value }) => ({ labels: { pool, ...labels }, value }),
  );
}
