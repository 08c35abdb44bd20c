export { FakeConnection } from './fake-connection.js';
export { type FakeAnswer, type FakeHandler, FakeRedisServer } from './fake-redis-server.js';
export { type FakeReply, reply } from './fake-replies.js';
export { type FakeSentinelStory, fakeSentinel, muteHandler } from './fake-sentinel.js';
