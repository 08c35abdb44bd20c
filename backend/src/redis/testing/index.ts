export {
  type RedisServerTestOptions,
  RedisTestCluster,
  type RedisTestClusterOptions,
  RedisTestNode,
  type RedisTestRole,
  RedisTestServer,
  startRedisCluster,
  startRedisServer,
} from './cluster/index.js';
export {
  type FaultDirection,
  type FaultMode,
  FaultProxy,
  type FaultProxyStats,
  RespClient,
  type RespClientOptions,
  RespErrorReply,
  RespPush,
  type RespValue,
} from './net/index.js';
export { ManualClock, type NotYet, type WaitOptions, waitUntil } from './time/index.js';
export {
  type FakeAnswer,
  type FakeConnection,
  type FakeHandler,
  FakeRedisServer,
  type FakeReply,
  fakeSentinel,
  type FakeSentinelStory,
  muteHandler,
  reply,
} from './fake/index.js';
export { TestClusterError } from '../base/errors/index.js';
