export {
  type Check,
  drawCheck,
  drawVerdict,
  exitOf,
  type Level,
  reasonOf,
  type Verdict,
  verdictOf,
} from './check.js';
export { bytesBehind, isGoodReplica, judgeCluster } from './judge-cluster.js';
export { judgePlannedFailover } from './judge-planned-failover.js';
