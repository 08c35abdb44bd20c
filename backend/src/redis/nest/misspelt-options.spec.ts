import { once } from 'node:events';
import { resolveOptions } from '../config/index.js';
import { RedisEngine } from '../engine/index.js';
import { outcomeOf } from '../../../test/support/outcomes.js';
import { RedisModule } from './redis.module.js';
import { RedisService } from './redis.service.js';

let engine: RedisEngine;
let redis: RedisService;

beforeEach(async () => {
  engine = await RedisEngine.open(resolveOptions({ mode: 'memory' }).options);
  redis = new RedisService(engine);
});

afterEach(() => engine.close());

describe('the options of a call', () => {
  it.each<[string, () => unknown, string]>([
    [
      'with',
      () => redis.with({ timeout: 5 } as object),
      'timeout = "***": is not an option. Did you mean timeoutMs?',
    ],
    [
      'with',
      () => redis.with({ timeoutMs: -1 }),
      'timeoutMs = -1: must be a positive number of milliseconds',
    ],
    [
      'with',
      () => redis.with({ readPolicy: 'slave' as 'replica' }),
      "readPolicy = \"slave\": must be one of 'primary', 'replica-preferred', 'replica', 'nearest'",
    ],
    [
      'with',
      () => redis.with({ signal: {} as AbortSignal }),
      'signal = "(an object)": must be an AbortSignal',
    ],
    [
      'with',
      () => redis.with(null as never),
      'options = null: must be an object. Write redis.with({ timeoutMs: 100 })',
    ],
    ['script', () => redis.script({ lua: ' ' }), 'lua = " ": must be a piece of Lua'],
    [
      'script',
      () => redis.script({ lua: 'return 1', readonly: true } as never),
      'Did you mean readOnly?',
    ],
  ])('of %s are refused at once: %#', (_, call, message) => {
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(call).toThrow(message);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'exclusive',
      () => redis.exclusive(() => Promise.resolve(), { timeout: 1 } as object),
      'Did you mean timeoutMs?',
    ],
    [
      'subscribe',
      () => redis.subscribe('a', () => undefined, { ongap: 1 } as object),
      'Did you mean onGap?',
    ],
    [
      'subscribe',
      () => redis.subscribe('a', 'b' as never),
      'listener = "b": must be a function, and several channels are given as a list',
    ],
    [
      'scanIterator',
      () => redis.scanIterator({ pattern: 'a*' } as object).next(),
      'Did you mean match?',
    ],
    [
      'scanMembers',
      () => redis.scanMembers('hscan', 'k', { cnt: 5 } as object).next(),
      'Did you mean count?',
    ],
    [
      'scanIterator, in the capitals of another client',
      () => redis.scanIterator({ MATCH: 'sess:*' } as object).next(),
      'Did you mean match?',
    ],
    [
      'scanMembers, where members have no type',
      () => redis.scanMembers('hscan', 'k', { type: 'hash' } as object).next(),
      'type = "***": is not an option',
    ],
    [
      'scanStream',
      () => once(redis.scanStream({ MATCH: 'sess:*' } as object), 'data'),
      'Did you mean match?',
    ],
    ['with', async () => redis.with({ as: 'reads' } as object), 'must be one of'],
    [
      'pipeline, whose writes WAIT cannot tell from those of others',
      async () => redis.with({ replicas: 1 }).pipeline(),
      'Use multi(), or give replicas to one write',
    ],
    ['with', async () => redis.with({ replicas: 0 }), 'replicas = 0: must be a whole number'],
  ])('of %s are refused before anything is sent: %#', async (_, call, message) => {
    const { code, error } = await outcomeOf(call());
    expect(code).toBe('INVALID_ARGUMENT');
    expect(String(error)).toContain(message);
  });
});

describe('the type of an event', () => {
  it.each([
    ['ready', 'primary.ready'],
    ['error', 'connection.lost'],
    ['failover', 'failover.completed'],
    ['failover.complete', 'failover.completed'],
  ])('is suggested where another client calls it so, or it is misspelt: %s', (type, meant) => {
    expect(() => redis.on(type as never, () => undefined)).toThrow(
      `type = "${type}": there is no event of this type. Did you mean ${meant}?`,
    );
  });
});

describe('the registration of a connection', () => {
  it.each<[string, () => unknown, string]>([
    [
      'a name in place of an object',
      () => RedisModule.forRoot({ mode: 'memory' }, 'sessions' as never),
      'register = "(text)": must be an object. Write RedisModule.forRoot(options, { name: \'sessions\' })',
    ],
    [
      'a misspelt name',
      () => RedisModule.forRoot(undefined, { nam: 'x' } as object),
      'register.nam = "***": is not an option. Did you mean register.name?',
    ],
    [
      'a cache option that does not exist',
      () => RedisModule.forRoot(undefined, { cache: { ttl: 5 } as object }),
      'Did you mean cache.ttlMs?',
    ],
    [
      'an option of a namespace that does not exist',
      () =>
        RedisModule.forRoot(undefined, { cache: { namespaces: { prices: { ttl: 5 } as object } } }),
      'cache.namespaces.prices.ttl = "***": is not an option. Did you mean',
    ],
    [
      'namespaces that are a list',
      () => RedisModule.forRoot(undefined, { cache: { namespaces: ['prices'] as never } }),
      'must be an object with options for each name',
    ],
    [
      'nothing that makes the options',
      () => RedisModule.forRootAsync({} as never),
      'register.useFactory = (not set): is missing',
    ],
    [
      'a factory that is none',
      () => RedisModule.forRootAsync({ useFactory: {} } as never),
      'register.useFactory = "(an object)": must be a function',
    ],
  ])('is refused where it is written: %s', (_, register, message) => {
    expect(register).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(register).toThrow(message);
  });
});
