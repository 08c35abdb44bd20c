export { RedisTestCluster, startRedisCluster } from './test-cluster.js';
export { RedisTestServer, startRedisServer } from './test-server.js';
export { type RedisServerTestOptions, type RedisTestClusterOptions } from './cluster-options.js';
export { RedisTestNode, type RedisTestRole } from './redis-test-node.js';
export {
  FaultProxy,
  type FaultDirection,
  type FaultMode,
  type FaultProxyCounts,
} from './fault-proxy.js';
export { RespClient, type RespClientOptions } from './resp-client.js';
export { RespErrorReply, RespPush, type RespValue } from './resp-codec.js';
export { waitUntil, type NotYet, type WaitOptions } from './wait-until.js';
export { FakeRedisServer, type FakeAnswer, type FakeHandler } from './fake-redis-server.js';
export { type FakeConnection } from './fake-connection.js';
export { fakeSentinel, muteHandler, type FakeSentinelStory } from './fake-sentinel.js';
export { reply, type FakeReply } from './fake-replies.js';
export { ManualClock } from './manual-clock.js';
export { TestClusterError } from '../errors/index.js';
