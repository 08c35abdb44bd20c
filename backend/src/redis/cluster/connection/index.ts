export type {
  Redis as DriverClient,
  RedisCommander as DriverCommander,
  RedisKey,
  RedisOptions as DriverOptions,
  RedisValue,
} from 'ioredis';
export { callerContext } from './wire/caller-context.js';
export { Heartbeat } from './wire/heartbeat.js';
export {
  ReopeningWire,
  type ConnectionState,
  type ReopeningOptions,
  type ReopeningWireListener,
} from './wire/reopening-wire.js';
export { AccessRefusal, refusedByAll } from './handshake/access-refusal.js';
export { explainFailure, type ConnectFailure, kindOfFailure } from './handshake/explain-failure.js';
export { namedTls, openSocket, presentLogin, presentTls } from './handshake/present-access.js';
export { shownCertificate, type ShownCertificate } from './handshake/shown-certificate.js';
export { unnamed } from './handshake/handshake-steps.js';
export { NodeRegistry } from './node-registry.js';
export { RedisNode, type Job, type NodeChange, type RedisNodeDeps } from './redis-node.js';
export { parseRole, type NodeRole } from './node-role.js';
export {
  type DriverCommand,
  driverCommandNames,
  newDriverCommand,
  type Encoding,
} from './wire/driver-command.js';
export {
  forward,
  Wire,
  type ReplySink,
  type SubscriptionKind,
  type WireListener,
} from './wire/wire.js';
export { refusingConnector } from './raw/refusing-connector.js';
export { ReturningSubscribers } from './raw/returning-subscribers.js';
export type { WireOptions } from './wire/wire-options.js';
export { WirePool, type Loan, type LoanPurpose } from './wire/wire-pool.js';
export { endClient, newTrackedClient } from './raw/tracked-client.js';
export type { TargetSource } from './raw/tracked-connector.js';
export { trackedOptions, type TrackedOptions } from './raw/tracked-options.js';
