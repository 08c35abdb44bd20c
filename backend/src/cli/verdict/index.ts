export {
  type Check,
  drawCheck,
  drawVerdict,
  exitOf,
  faultInWords,
  type Level,
  reasonOf,
  type Verdict,
  verdictOf,
} from './check.js';
export { bytesBehind, isGoodReplica } from './good-replica.js';
export { judgeCluster } from './judge-cluster.js';
export { judgePlannedFailover } from './judge-planned-failover.js';
