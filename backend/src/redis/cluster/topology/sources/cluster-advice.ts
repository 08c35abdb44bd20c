import type { Problem } from '../../../base/errors/index.js';
import type { SentinelView } from './sentinel-view.js';

const SAFE_DOWN_AFTER_MS = 1200;
const LONG_FAILOVER_TIMEOUT_MS = 30_000;

/** What is wrong with a setting of a cluster, by a name that does not change. */
export interface Advice extends Problem {
  readonly code:
    | 'down-after-short'
    | 'failover-timeout-long'
    | 'sentinels-few'
    | 'quorum-low'
    | 'quorum-high'
    | 'no-replica'
    | 'eviction-of-sessions'
    | 'min-replicas-off'
    | 'min-replicas-high';
}

/** Returns what is wrong with the settings of the Sentinels, each with its remedy. */
export function adviseOnSentinels(view: SentinelView, masterName: string): Advice[] {
  const sentinels = view.otherSentinels.length + 1;
  const checks: (Advice | false)[] = [
    view.downAfterMs < SAFE_DOWN_AFTER_MS && {
      code: 'down-after-short',
      field: `sentinel down-after-milliseconds ${masterName}`,
      value: view.downAfterMs,
      message:
        'below 1200 ms Sentinel can declare the new primary down before it has connected to it, and fail over again',
      remedy: `Set it to 1200 or more: SENTINEL SET ${masterName} down-after-milliseconds 3000`,
    },
    view.failoverTimeoutMs > LONG_FAILOVER_TIMEOUT_MS && {
      code: 'failover-timeout-long',
      field: `sentinel failover-timeout ${masterName}`,
      value: view.failoverTimeoutMs,
      message: 'a failover that fails is tried again only after twice this time',
      remedy: `Set it to 10000: SENTINEL SET ${masterName} failover-timeout 10000`,
    },
    sentinels < 3 && {
      code: 'sentinels-few',
      field: `sentinel sentinels ${masterName}`,
      value: sentinels,
      message: 'with fewer than three Sentinels the loss of one can prevent every failover',
      remedy: 'Run three Sentinels on three separate hosts',
    },
    (view.quorum < 2 || view.quorum > sentinels) && {
      code: view.quorum < 2 ? 'quorum-low' : 'quorum-high',
      field: `sentinel monitor ${masterName} … quorum`,
      value: view.quorum,
      message:
        view.quorum < 2
          ? 'one Sentinel alone can call the primary down'
          : 'more Sentinels must agree than there are, so no failover can ever happen',
      remedy: `Set it to a majority: SENTINEL SET ${masterName} quorum ${String(Math.floor(sentinels / 2) + 1)}`,
    },
    view.replicas.length === 0 && {
      code: 'no-replica',
      field: `sentinel replicas ${masterName}`,
      value: 0,
      message: 'without a replica there is nothing to fail over to',
      remedy: 'Add replicas: REPLICAOF <primary host> <port> on two further nodes',
    },
  ];
  return checks.filter((check) => check !== false);
}

/** Returns what is wrong with what Redis evicts when its memory is full, where sessions are kept in it. */
export function adviseOnEviction(maxMemory: number, policy: string): Advice[] {
  if (maxMemory === 0 || policy === 'noeviction') return [];
  return [
    {
      code: 'eviction-of-sessions',
      field: 'maxmemory-policy',
      value: policy,
      message:
        'when its memory is full, Redis evicts the tombstones of sessions that were ended, which can come back then, and sessions that are in use',
      remedy:
        'Set it on every node: CONFIG SET maxmemory-policy noeviction. Give caches that need eviction a Redis of their own',
    },
  ];
}

/** Returns what is wrong with `min-replicas-to-write` of the primary, with its remedy. */
export function adviseOnMinReplicas(minReplicas: number, replicas: number): Advice[] {
  if (minReplicas === 0 && replicas >= 2) {
    return [
      {
        code: 'min-replicas-off',
        field: 'min-replicas-to-write',
        value: minReplicas,
        message:
          'a primary that was cut off goes on acknowledging writes to others for about ten seconds, and all of them are lost',
        remedy: 'With two replicas set it to 1 on every node: CONFIG SET min-replicas-to-write 1',
      },
    ];
  }
  if (minReplicas >= replicas && minReplicas > 0) {
    return [
      {
        code: 'min-replicas-high',
        field: 'min-replicas-to-write',
        value: minReplicas,
        message:
          minReplicas > replicas
            ? `more replicas must follow than there are (${String(replicas)}), so every write is refused`
            : `the loss of one of ${String(replicas)} replicas stops all writes`,
        remedy: 'Add a replica, or lower it below the number of replicas',
      },
    ];
  }
  return [];
}
