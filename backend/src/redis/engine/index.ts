export { RedisCommandSet } from './command-set.js';
export { RedisEngine } from './redis-engine.js';
export { RedisNamespaces } from './redis-keyspaces.js';
export { type NodeStatus, type PoolStatus, type RedisStatus, readStatus } from './redis-status.js';
