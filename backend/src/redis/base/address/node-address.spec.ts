import {
  addressKey,
  formatAddress,
  parseAddress,
  readAddress,
  sameAddress,
  type NodeAddress,
} from './node-address.js';

function parsed(text: string, defaultPort?: number): NodeAddress | string {
  const parse = parseAddress(text, defaultPort);
  return parse.ok ? parse.address : parse.reason;
}

describe('parseAddress', () => {
  it.each<[string, number | undefined, NodeAddress]>([
    ['redis1:6380', undefined, { host: 'redis1', port: 6380 }],
    ['redis1', 26379, { host: 'redis1', port: 26379 }],
    [
      '  redis-1.prod_eu.example:6380\t',
      undefined,
      { host: 'redis-1.prod_eu.example', port: 6380 },
    ],
    ['10.0.0.1:1', undefined, { host: '10.0.0.1', port: 1 }],
    ['10.0.0.1:65535', undefined, { host: '10.0.0.1', port: 65535 }],
    ['[::1]:26379', undefined, { host: '::1', port: 26379 }],
    ['[2001:db8::1]', 26379, { host: '2001:db8::1', port: 26379 }],
    ['2001:db8::1', 26379, { host: '2001:db8::1', port: 26379 }],
    ['::', 26379, { host: '::', port: 26379 }],
    ['[fe80::1%eth0]:6379', undefined, { host: 'fe80::1%eth0', port: 6379 }],
  ])('reads %j with default port %j', (text, defaultPort, address) => {
    expect(parsed(text, defaultPort)).toEqual(address);
  });

  it.each([
    ['', 'is empty'],
    ['   ', 'is empty'],
    ['redis1', 'has no port'],
    ['::1', 'has no port'],
    [':6379', 'has no host'],
    ['redis1:', 'has a port that is not a number'],
    ['redis1:abc', 'has a port that is not a number'],
    ['redis1:0', 'has a port that is not a number'],
    ['redis1:65536', 'has a port that is not a number'],
    ['redis1:-1', 'has a port that is not a number'],
    ['redis1:63.79', 'has a port that is not a number'],
    ['redis1:6379:1', 'has too many colons'],
    ['redis1:6379;redis2:6379', 'several addresses have commas between them'],
    ['redis1:6379 redis2:6379', 'several addresses have commas between them'],
    ['2001:db8::1:26379', 'has too many colons'],
    ['[redis1]:6379', 'has no IPv6 address between its brackets'],
    ['[::1]6379', 'has too many colons'],
    ['[::1]:', 'has a port that is not a number'],
    ['10.0.0.256:6379', 'is not an IPv4 address'],
    ['a b:6379', 'neither a name nor an IP address'],
    ['user@redis1:6379', 'neither a name nor an IP address'],
    ['-redis:6379', 'neither a name nor an IP address'],
    [`${'a'.repeat(254)}:6379`, 'neither a name nor an IP address'],
  ])('refuses %j because it %s', (text, reason) => {
    expect(parsed(text)).toContain(reason);
  });

  it('returns frozen addresses', () => {
    expect(Object.isFrozen(parsed('redis1:6379'))).toBe(true);
  });
});

describe('readAddress', () => {
  it('takes text and objects, and brackets around the IPv6 host of an object', () => {
    expect(readAddress('redis1:1')).toEqual({ ok: true, address: { host: 'redis1', port: 1 } });
    expect(readAddress({ host: '[::1]', port: 1 })).toEqual({
      ok: true,
      address: { host: '::1', port: 1 },
    });
    expect(readAddress({ host: 'redis1' }, 6379)).toEqual({
      ok: true,
      address: { host: 'redis1', port: 6379 },
    });
  });

  it.each<[unknown, string]>([
    [null, 'neither text'],
    [6379, 'neither text'],
    [['redis1:6379'], 'neither text'],
    [{ port: 6379 }, 'has no host'],
    [{ host: 7, port: 6379 }, 'has no host'],
    [{ host: '', port: 6379 }, 'has no host'],
    [{ host: 'redis1' }, 'has no port'],
    [{ host: 'redis1', port: '6379' }, 'has no port'],
    [{ host: 'redis1', port: 0 }, 'has no port'],
    [{ host: 'redis1', port: 1.5 }, 'has no port'],
    [{ host: 'redis1:6379', port: 6379 }, 'neither a name nor an IP address'],
    [{ host: 'redis1', port: 6379, password: 'x' }, 'has keys other than host and port'],
  ])('refuses %j because it %s', (value, reason) => {
    expect(readAddress(value)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe('formatAddress', () => {
  it.each(['redis1:6379', '10.0.0.1:6379', '[2001:db8::1]:6379'])('writes %s back', (text) => {
    expect(formatAddress(parsed(text) as NodeAddress)).toBe(text);
  });
});

describe('sameAddress', () => {
  it.each([
    ['redis1:6379', 'REDIS1:6379', true],
    ['[::1]:6379', '[0:0:0:0:0:0:0:1]:6379', true],
    ['[2001:DB8::1]:6379', '[2001:db8:0::1]:6379', true],
    ['[fe80::1%eth0]:6379', '[FE80::1%eth0]:6379', true],
    ['redis1:6379', 'redis1:6380', false],
    ['redis1:6379', 'redis2:6379', false],
  ])('%s and %s: %s', (one, other, same) => {
    const [left, right] = [parsed(one) as NodeAddress, parsed(other) as NodeAddress];
    expect(sameAddress(left, right)).toBe(same);
    expect(addressKey(left) === addressKey(right)).toBe(same);
  });
});
