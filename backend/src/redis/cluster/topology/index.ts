export {
  adviseOnEviction,
  adviseOnMinReplicas,
  adviseOnSentinels,
  type Advice,
} from './sources/cluster-advice.js';
export { COUNT_WITHIN_MS, countSentinels } from './sources/count-sentinels.js';
export { FailoverHistory, type FailoverSummary } from './failover-history.js';
export { planTopology, type KnownPrimary, type TopologyPlan } from './sources/plan-topology.js';
export { SentinelSource } from './sources/sentinel-source.js';
export {
  parseSentinelView,
  type ReplicaView,
  type SeenRole,
  type SentinelView,
} from './sources/sentinel-view.js';
export { StandaloneSource } from './sources/standalone-source.js';
export {
  isCalledDown,
  reportOf,
  viewsOfReplica,
  type SentinelDesk,
  type SentinelStatus,
} from './sources/sentinel-desk.js';
export { describeUnseen, isBlind, type UnseenRole, unseenRoles } from './sources/unseen-role.js';
export type { TopologySource } from './sources/topology-source.js';
export { TopologyTracker } from './topology-tracker.js';
export type { GateState } from './write-gate.js';
export { whyNoReads, whyNoWrites } from './why-away.js';
