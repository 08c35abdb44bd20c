export {
  beginCluster,
  type ClusterPlan,
  completeCluster,
  endCluster,
  NODE_NAMES,
  type Watch,
} from './begin-cluster.js';
export { findServer } from './find-server.js';
export { LocalCluster, upCommandOf } from './local-cluster.js';
export { inShell } from './local-server.js';
export type { LocalNode, LocalState } from './local-state.js';
export { withLock } from './lock-folder.js';
export { type ProcessState } from './process-mark.js';
