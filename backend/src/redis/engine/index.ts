export { RedisCommandSet, type ScriptedCommands } from './command-set.js';
export type { PrimaryGroup } from './primary-group.js';
export { RedisEngine, type StandIn } from './redis-engine.js';
export { RedisKeyspaces } from './redis-keyspaces.js';
export { RedisScans } from './redis-scans.js';
export {
  canRead,
  canWrite,
  type NodeStatus,
  type PoolStatus,
  type RedisStatus,
  readStatus,
} from './redis-status.js';
export { settleSentinels } from './settle-sentinels.js';
