export { RedisCommandSet, type ScriptedCommands } from './command-set.js';
export { RedisEngine } from './redis-engine.js';
export { RedisKeyspaces } from './redis-keyspaces.js';
export { RedisScans } from './redis-scans.js';
export { type NodeStatus, type PoolStatus, type RedisStatus, readStatus } from './redis-status.js';
