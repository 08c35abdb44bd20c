import { InvalidArgumentError, type Problem } from '../base/errors/index.js';
import { buildAddressMapper, containFaults, keepAddress, type NatMap } from './address-mapper.js';

const ANNOUNCED = { host: '172.30.0.2', port: 6379 };

describe('buildAddressMapper', () => {
  it('maps nothing when nothing is given', () => {
    expect(buildAddressMapper(undefined)).toEqual({ mapAddress: keepAddress, faults: [] });
    expect(keepAddress(ANNOUNCED)).toBe(ANNOUNCED);
  });

  it.each<[string, NatMap]>([
    ['a record of text', { '172.30.0.2:6379': '127.0.0.1:6380' }],
    ['a record of objects', { '172.30.0.2:6379': { host: '127.0.0.1', port: 6380 } }],
    ['a key with white space', { ' 172.30.0.2:6379 ': '127.0.0.1:6380' }],
    ['a function that returns text', () => '127.0.0.1:6380'],
    ['a function that returns an object', () => ({ host: '127.0.0.1', port: 6380 })],
  ])('maps by %s', (_, natMap) => {
    const { mapAddress, faults } = buildAddressMapper(natMap);
    expect(faults).toEqual([]);
    expect(mapAddress(ANNOUNCED)).toEqual({ host: '127.0.0.1', port: 6380 });
  });

  it('matches whatever the spelling of the announced address', () => {
    const { mapAddress } = buildAddressMapper({
      '[2001:DB8:0::1]:6379': 'outside:1',
      'Redis1:2': 'outside:2',
    });
    expect(mapAddress({ host: '2001:db8::1', port: 6379 })).toEqual({ host: 'outside', port: 1 });
    expect(mapAddress({ host: 'redis1', port: 2 })).toEqual({ host: 'outside', port: 2 });
  });

  it('keeps the announced port when the target names none', () => {
    const byRecord = buildAddressMapper({ '172.30.0.2:6379': 'outside' });
    const byFunction = buildAddressMapper(() => 'outside');
    expect(byRecord.mapAddress(ANNOUNCED)).toEqual({ host: 'outside', port: 6379 });
    expect(byFunction.mapAddress(ANNOUNCED)).toEqual({ host: 'outside', port: 6379 });
  });

  it('leaves an address alone that is not mapped', () => {
    const other = { host: '172.30.0.2', port: 6380 };
    expect(buildAddressMapper({ '172.30.0.2:6379': 'a:1' }).mapAddress(other)).toBe(other);
    expect(buildAddressMapper(() => undefined).mapAddress(other)).toBe(other);
  });

  it.each<[NatMap, string]>([
    [{ '172.30.0.2': 'a:1' }, 'the announced address has no port'],
    [{ '172.30.0.2:6379': 'a:b' }, 'the address to use instead has a port that is not a number'],
    [{ 'a:1': 'b:1', 'A:1': 'c:1' }, 'the announced address is mapped twice'],
  ])('lists the entries it cannot use: %j', (natMap, reason) => {
    const { faults } = buildAddressMapper(natMap);
    expect(faults).toEqual([
      { announced: expect.any(String), reason: expect.stringContaining(reason) },
    ]);
  });

  it('throws a coded error when the function returns no address', () => {
    const { mapAddress } = buildAddressMapper(() => 'a:b:c');
    expect(() => mapAddress(ANNOUNCED)).toThrow(InvalidArgumentError);
  });
});

describe('containFaults', () => {
  it('keeps an address with which the function fails, and says so', () => {
    const faults: Problem[] = [];
    const { mapAddress } = buildAddressMapper(({ port }) => {
      if (port === 1) throw new TypeError('no such host in the table');
      return port === 2 ? 'a:b:c' : 'outside:9';
    });
    const contained = containFaults(mapAddress, (problem) => faults.push(problem));
    const mapped = [1, 2, 3].map((port) => contained({ host: 'redis', port }));
    expect(mapped).toEqual([
      { host: 'redis', port: 1 },
      { host: 'redis', port: 2 },
      { host: 'outside', port: 9 },
    ]);
    expect(faults).toMatchObject([
      { field: 'sentinel.natMap', value: 'redis:1' },
      { field: 'sentinel.natMap', value: 'redis:2' },
    ]);
    expect(faults[0]?.message).toContain('no such host in the table');
  });
});
