export {
  driverCommandNames,
  type ChainableCommander,
  type DriverClient,
  type DriverCommander,
  type DriverOptions,
  type RedisKey,
  type RedisValue,
} from './driver.js';
export { ReopeningWire, type ReopeningWireListener } from './reopening-wire.js';
export { ConnectionRegistry } from './connection-registry.js';
export {
  SharedConnection,
  type Job,
  type NodeChange,
  type SharedConnectionDeps,
  type NodeState,
} from './shared-connection.js';
export { parseRole, type NodeRole } from './node-role.js';
export {
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
