import {
  parseAddressPair,
  parseSentinelView,
  toNodeAddress,
  type SentinelAnswers,
} from './sentinel-view.js';

const SENTINEL = { host: '10.0.0.9', port: 26_379 };
const fields = (record: Readonly<Record<string, string>>): string[] =>
  Object.entries(record).flat();

const MASTER = {
  name: 'mymaster',
  ip: '10.0.0.1',
  port: '6379',
  flags: 'master',
  'config-epoch': '7',
  quorum: '2',
  'down-after-milliseconds': '3000',
  'failover-timeout': '10000',
  'role-reported': 'master',
  'info-refresh': '400',
};
const REPLICA = {
  ip: '10.0.0.2',
  port: '6380',
  flags: 'slave',
  'master-link-status': 'ok',
  'slave-repl-offset': '123',
  'slave-priority': '100',
  'role-reported': 'slave',
  'info-refresh': '9000',
};

const read = (over: Partial<SentinelAnswers> = {}) =>
  parseSentinelView(SENTINEL, 42, {
    address: ['10.0.0.1', '6379'],
    master: fields(MASTER),
    replicas: [fields(REPLICA)],
    sentinels: [fields({ ip: '10.0.0.8', port: '26379', runid: 'other' })],
    id: 'me',
    ...over,
  });

describe('parseSentinelView', () => {
  it('reads everything a Sentinel reports', () => {
    expect(read()).toEqual({
      sentinel: SENTINEL,
      id: 'me',
      at: 42,
      primary: { host: '10.0.0.1', port: 6379 },
      epoch: 7,
      isFailoverInProgress: false,
      isPrimaryDown: false,
      primarySeen: { role: 'primary', agoMs: 400 },
      replicas: [
        {
          address: { host: '10.0.0.2', port: 6380 },
          isDown: false,
          isHealthy: true,
          offset: 123,
          priority: 100,
          seen: { role: 'replica', agoMs: 9000 },
        },
      ],
      otherSentinels: [{ address: { host: '10.0.0.8', port: 26_379 }, id: 'other' }],
      quorum: 2,
      downAfterMs: 3000,
      failoverTimeoutMs: 10_000,
    });
  });

  it('takes the primary from the answer that clients get, not from the fields', () => {
    // During a failover the two differ: the address is that of the promoted replica already.
    expect(read({ address: ['10.0.0.2', '6380'] })).toMatchObject({
      primary: { host: '10.0.0.2', port: 6380 },
    });
  });

  it.each([
    ['master', { isFailoverInProgress: false, isPrimaryDown: false }],
    ['master,s_down', { isFailoverInProgress: false, isPrimaryDown: true }],
    ['o_down,master', { isFailoverInProgress: false, isPrimaryDown: true }],
    [
      's_down,o_down,master,failover_in_progress,force_failover',
      { isFailoverInProgress: true, isPrimaryDown: true },
    ],
    ['', { isFailoverInProgress: false, isPrimaryDown: false }],
  ])('understands the flags %j', (flags, meaning) => {
    expect(read({ master: fields({ ...MASTER, flags }) })).toMatchObject(meaning);
  });

  it.each([
    ['slave', 'ok', true],
    ['slave', 'err', false],
    ['s_down,slave', 'ok', false],
    ['slave,o_down', 'ok', false],
    ['s_down,slave,disconnected', 'ok', false],
  ])('judges a replica with the flags %j and the link %j', (flags, link, isHealthy) => {
    const replica = { ...REPLICA, flags, 'master-link-status': link };
    expect(read({ replicas: [fields(replica)] })).toMatchObject({ replicas: [{ isHealthy }] });
  });

  it.each([
    ['slave', 'replica', true],
    ['master', 'primary', false],
    ['', 'replica', true],
  ])('says of a replica that was last seen as %j: %j', (said, role, isHealthy) => {
    const replica = { ...REPLICA, 'role-reported': said };
    const view = read({ replicas: [fields(replica)] });
    expect(view).toMatchObject({ replicas: [{ isHealthy, seen: { role, agoMs: 9000 } }] });
  });

  it('says so when what it holds for the primary was last seen as a replica', () => {
    const master = fields({ ...MASTER, 'role-reported': 'slave' });
    expect(read({ master })).toMatchObject({ primarySeen: { role: 'replica' } });
  });

  it.each([
    [null, /SENTINEL MASTER/],
    ['OK', /SENTINEL MASTER/],
    [[], /SENTINEL MASTER/],
    [['odd'], /SENTINEL MASTER/],
    [fields({ ip: '10.0.0.1' }), /config-epoch/],
    [fields({ ...MASTER, 'config-epoch': 'many' }), /config-epoch/],
    [fields({ ...MASTER, 'config-epoch': '-1' }), /config-epoch/],
    [fields({ ...MASTER, 'config-epoch': '1.5' }), /config-epoch/],
    [fields({ ...MASTER, 'config-epoch': '99999999999999999999' }), /config-epoch/],
  ])('says what is wrong with the fields %j', (master, invalid) => {
    expect(read({ master })).toEqual({ invalid: expect.stringMatching(invalid) });
  });

  it('does not take a missing epoch for epoch 0', () => {
    const rest: Record<string, string> = { ...MASTER };
    delete rest['config-epoch'];
    expect(read({ master: fields({ ...rest }) })).toHaveProperty('invalid');
    expect(read({ master: fields({ ...rest, 'config-epoch': '' }) })).toHaveProperty('invalid');
  });

  it.each([[null], [[]], [['10.0.0.1']], [['', '6379']], [['10.0.0.1', '0']], ['10.0.0.1 6379']])(
    'says so when the address is %j',
    (address) => {
      expect(read({ address })).toEqual({ invalid: expect.stringContaining('address') });
    },
  );

  it.each([
    [null, []],
    ['nothing', []],
    [[null, 'x', [], ['odd']], []],
    [[fields({ port: '1' })], []],
    [[fields({ ip: '10.0.0.2', port: '99999' })], []],
  ])('leaves out replicas and Sentinels that make no sense: %j', (list, expected) => {
    expect(read({ replicas: list, sentinels: list })).toMatchObject({
      replicas: expected,
      otherSentinels: expected,
    });
  });

  it('needs no id and no numbers', () => {
    const view = read({
      id: null,
      master: fields({ 'config-epoch': '0', quorum: 'x' }),
      replicas: [fields({ ip: 'h', port: '1' })],
    });
    expect(view).toMatchObject({
      id: '',
      quorum: 0,
      downAfterMs: 0,
      replicas: [{ isHealthy: false, offset: 0, priority: 0 }],
    });
  });
});

describe('toNodeAddress', () => {
  it.each([
    ['h', '1', { host: 'h', port: 1 }],
    ['::1', 65_535, { host: '::1', port: 65_535 }],
    ['fe80::1%eth0', '1', { host: 'fe80::1%eth0', port: 1 }],
    ['redis_1.prod-eu.example', '1', { host: 'redis_1.prod-eu.example', port: 1 }],
    ['redis\n[Nest] 1 - LOG [Auth] admin logged in', '1', null],
    ['redis\u001b[2J', '1', null],
    ['user@redis', '1', null],
    ['a'.repeat(254), '1', null],
    ['h', '65536', null],
    ['h', '0', null],
    ['h', '1.5', null],
    ['h', undefined, null],
    ['h', 'port', null],
    [undefined, '1', null],
    ['', '1', null],
    [7, '1', null],
  ])('makes of %j and %j: %j', (host, port, address) => {
    expect(toNodeAddress(host, port)).toEqual(address);
  });

  it('reads pairs and nothing else', () => {
    expect(parseAddressPair(['h', '1'])).toEqual({ host: 'h', port: 1 });
    expect(parseAddressPair('h1')).toBeNull();
  });
});
