export type { RedisServerTestOptions, RedisTestClusterOptions } from './cluster/cluster-options.js';
export { RedisTestNode, type RedisTestRole } from './cluster/redis-test-node.js';
export { RedisTestCluster, startRedisCluster } from './cluster/test-cluster.js';
export { RedisTestServer, startRedisServer } from './cluster/test-server.js';
export {
  type FaultDirection,
  type FaultMode,
  FaultProxy,
  type FaultProxyStats,
} from './net/fault-proxy.js';
export { RespClient, type RespClientOptions } from './net/resp-client.js';
export { RespErrorReply, RespPush, type RespValue } from './net/resp-codec.js';
export { ManualClock } from './time/manual-clock.js';
export { type NotYet, type WaitOptions, waitUntil } from './time/wait-until.js';
export type { FakeConnection } from './fake/fake-connection.js';
export { type FakeAnswer, type FakeHandler, FakeRedisServer } from './fake/fake-redis-server.js';
export { type FakeReply, reply } from './fake/fake-replies.js';
export { fakeSentinel, type FakeSentinelStory, muteHandler } from './fake/fake-sentinel.js';
export {
  RedisTestingModule,
  type RedisStandInOptions,
  type RedisTestingOptions,
} from './memory/redis-testing.module.js';
export { TestClusterError, UnsupportedInTestError } from '../base/errors/index.js';
