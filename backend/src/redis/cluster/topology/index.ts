export { adviseOnEviction, adviseOnMinReplicas, adviseOnSentinels } from './cluster-advice.js';
export { FailoverHistory, type FailoverSummary } from './failover-history.js';
export { planTopology, type KnownPrimary, type TopologyPlan } from './plan-topology.js';
export { SentinelSource } from './sentinel-source.js';
export type { ReplicaView, SentinelView } from './sentinel-view.js';
export { StandaloneSource } from './standalone-source.js';
export type { SentinelStatus, TopologySource } from './topology-source.js';
export { TopologyTracker } from './topology-tracker.js';
export type { GateState } from './write-gate.js';
