export { type RedisServerTestOptions, type RedisTestClusterOptions } from './cluster-options.js';
export { RedisTestNode, type RedisTestRole } from './redis-test-node.js';
export { RedisTestCluster, startRedisCluster } from './test-cluster.js';
export { RedisTestServer, startRedisServer } from './test-server.js';
