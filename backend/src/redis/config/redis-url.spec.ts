import { parseRedisUrl } from './redis-url.js';

describe('parseRedisUrl', () => {
  it.each([
    ['redis://redis1', { address: { host: 'redis1', port: 6379 }, isTls: false }],
    ['redis://redis1/', { address: { host: 'redis1', port: 6379 }, isTls: false }],
    ['REDIS://redis1:6380', { address: { host: 'redis1', port: 6380 }, isTls: false }],
    ['rediss://redis1:6380/3', { address: { host: 'redis1', port: 6380 }, isTls: true, db: 3 }],
    ['redis://[::1]:6380', { address: { host: '::1', port: 6380 }, isTls: false }],
    [
      'redis://:pa%40ss%2Fw%3Ard@redis1',
      { address: { host: 'redis1', port: 6379 }, isTls: false, password: 'pa@ss/w:rd' },
    ],
    [
      'redis://us%20er:p%25@redis1/0',
      {
        address: { host: 'redis1', port: 6379 },
        isTls: false,
        username: 'us er',
        password: 'p%',
        db: 0,
      },
    ],
  ])('reads %s', (url, parts) => {
    expect(parseRedisUrl(url)).toEqual({ ok: true, parts });
  });

  it.each([
    ['', 'does not start with redis://'],
    ['redis1:6379', 'does not start with redis://'],
    ['http://redis1', 'does not start with redis://'],
    ['unix://tmp/redis.sock', 'no absolute path'],
    ['unix:///', 'no absolute path'],
    ['unix:///tmp/redis.sock?db=x', "something else than 'db='"],
    ['unix:///tmp/redis.sock?database=1', "something else than 'db='"],
    ['unix://app@/tmp/redis.sock', 'a user name and no password'],
    ['unix://:100%@/tmp/redis.sock', 'not a percent-encoding'],
    ['redis://', 'is empty'],
    ['redis:///2', 'is empty'],
    ['redis://redis1:99999', 'is not a valid address'],
    ['redis://redis1:0', 'has a port that is not a number'],
    ['redis://:pa/ss@redis1', 'is not a valid address'],
    ['redis://user:1/ss@redis1', 'something else than a number'],
    ['redis://redis1/zero', 'something else than a number'],
    ['redis://redis1/0/1', 'something else than a number'],
    ['redis://redis1?db=2', "a part after '?' or '#'"],
    ['redis://redis1#2', "a part after '?' or '#'"],
    ['redis://:100%@redis1', 'not a percent-encoding'],
    ['redis://password@redis1', 'a user name and no password'],
    ['redis://a_b^c', 'is not a valid address'],
  ])('refuses %j because it has or is %s', (url, reason) => {
    expect(parseRedisUrl(url)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});
