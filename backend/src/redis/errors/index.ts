export { RedisHaError, type ErrorDetails } from './redis-ha-error.js';
export {
  classifyFailure,
  isRoleRefusal,
  replyPrefix,
  safeMessage,
  withoutArguments,
  type FailureKind,
} from './classify-error.js';
export {
  ClosedError,
  CommandAbortedError,
  CommandRejectedError,
  CommandTimeoutError,
  CommandUncertainError,
  ConfigInvalidError,
  ConnectionLostError,
  InvalidArgumentError,
  NoPrimaryError,
  NoReplicaError,
  QueueFullError,
  RedisDisabledError,
  SentinelsUnreachableError,
  SwitchoverFailedError,
  TestClusterError,
  type Problem,
} from './error-catalogue.js';
