export { RedisCommandSet } from './command-set.js';
export { RedisEngine } from './redis-engine.js';
export { RedisKeyspaces } from './redis-keyspaces.js';
export { type NodeStatus, type PoolStatus, type RedisStatus, readStatus } from './redis-status.js';
export { settleSentinels } from './settle-sentinels.js';
