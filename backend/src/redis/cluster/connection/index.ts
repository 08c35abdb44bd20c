export type {
  Redis as DriverClient,
  RedisCommander as DriverCommander,
  RedisKey,
  RedisOptions as DriverOptions,
  RedisValue,
} from 'ioredis';
export { Heartbeat } from './heartbeat.js';
export {
  ReopeningWire,
  type ConnectionState,
  type ReopeningOptions,
  type ReopeningWireListener,
} from './reopening-wire.js';
export { ConnectionRegistry } from './connection-registry.js';
export {
  SharedConnection,
  type Job,
  type NodeChange,
  type SharedConnectionDeps,
} from './shared-connection.js';
export { parseRole, type NodeRole } from './node-role.js';
export {
  driverCommandNames,
  forward,
  Wire,
  type Encoding,
  type ReplySink,
  type WireListener,
  type WireOptions,
} from './wire.js';
export { WirePool, type Loan } from './wire-pool.js';
export {
  newTrackedClient,
  trackedOptions,
  type TargetSource,
  type TrackedOptions,
} from './tracked-connector.js';
