import {
  formatAddress,
  readAddress,
  sameAddress,
  type NodeAddress,
} from '../../redis/base/address/index.js';
import { obstaclesIn } from '../../redis/cluster/switchover/index.js';
import { saysQuorum, type Survey } from '../reach/index.js';
import type { Check } from './check.js';
import { bytesBehind, isGoodReplica } from './good-replica.js';
import { judgeCluster, successorsIn, viewsIn } from './judge-cluster.js';
import { isTilted } from './judge-sight.js';

const MAX_BEHIND_BYTES = 1024 * 1024;
const REDIS_PORT = 6379;
const WHAT = 'planned failover';

/**
 * Judges a cluster before its primary is moved: as any cluster, and then what only matters for that. `WARN` does not keep it
 * from being done, `FAIL` does; a `note` is waited for.
 *
 * @param to - the replica that is wanted; `null`: Sentinel chooses
 */
export function judgePlannedFailover(survey: Survey, to: string | null): Check[] {
  return [...judgeCluster(survey), ...(survey.primary === null ? [] : judgeMove(survey, to))];
}

function judgeMove(survey: Survey, to: string | null): Check[] {
  const target = to === null ? null : targetIn(survey, to);
  if (target !== null && 'why' in target)
    return [{ level: 'FAIL', what: WHAT, figure: target.why }];
  const checks = [
    ...judgeObstacles(survey, target),
    ...judgeTilt(survey),
    ...judgeQuorum(survey),
    ...judgeLag(survey),
    judgeAfter(survey),
  ];
  return checks;
}

/** The same that the library waits for, or gives up for. */
function judgeObstacles(survey: Survey, to: NodeAddress | null): Check[] {
  return obstaclesIn(viewsIn(survey), to)
    .filter(({ isPassing }) => !isPassing)
    .map(({ seen, remedy }) => ({ level: 'FAIL', what: WHAT, figure: `${seen}. ${remedy}` }));
}

// It would answer OK, and begin when it is over. Writes would wait for that.
function judgeTilt({ sentinels }: Survey): Check[] {
  return sentinels.filter(isTilted).map(({ address }): Check => ({
    level: 'FAIL',
    what: WHAT,
    figure: `${formatAddress(address)} is in TILT, and would keep it waiting. Try again in 30 s`,
  }));
}

function judgeQuorum({ sentinels }: Survey): Check[] {
  return sentinels.some((one) => saysQuorum(one) !== false)
    ? []
    : [{ level: 'FAIL', what: WHAT, figure: 'no Sentinel can have a failover decided' }];
}

function judgeLag(survey: Survey): Check[] {
  return successorsIn(survey).flatMap((node): Check[] => {
    const behind = bytesBehind(node, survey.primary) ?? 0;
    const figure = `${formatAddress(node.announced)} is ${String(behind)} bytes behind; it waits until that one has caught up`;
    return behind > MAX_BEHIND_BYTES ? [{ level: 'note', what: WHAT, figure }] : [];
  });
}

function judgeAfter(survey: Survey): Check {
  const what = 'after it';
  const { nodes, primary } = survey;
  const able = successorsIn(survey).length;
  if (able === 0) return { level: 'FAIL', what, figure: 'no replica can take over' };
  const linked = nodes.filter((node) => isGoodReplica(node, survey)).length;
  const least = Number(primary?.config.get('min-replicas-to-write') ?? 0);
  return linked >= least
    ? {
        level: 'ok',
        what,
        figure: `${String(able)} of ${String(nodes.length - 1)} can take over; the new primary takes writes with ${String(least)}`,
      }
    : {
        level: 'FAIL',
        what,
        figure: `the new primary would refuse writes: it needs ${String(least)} replicas, and ${String(linked)} are in step`,
      };
}

/** The replica that is wanted, or why it cannot be had. */
function targetIn(survey: Survey, to: string): NodeAddress | { readonly why: string } {
  const read = readAddress(to, REDIS_PORT);
  if (!read.ok) return { why: `${to}: it ${read.reason}` };
  const node = survey.nodes.find(({ announced }) => sameAddress(announced, read.address));
  const name = formatAddress(read.address);
  if (node === undefined) return { why: `${name} is not of this group` };
  if (node === survey.primary) return { why: `${name} is the primary already` };
  return successorsIn(survey).includes(node)
    ? node.announced
    : { why: `${name} cannot take over: see what is said of it above` };
}
