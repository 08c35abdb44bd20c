import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { HitCounter } from '../base/stats/index.js';
import { ManualClock } from '../testing/index.js';
import type { FailoverRecord } from '../base/events/index.js';
import { healthReport, RedisHealthIndicator, type HealthSource } from './index.js';

const A = { host: '10.0.0.1', port: 6379 };
const B = { host: '10.0.0.2', port: 6379 };
const AT = Date.UTC(2026, 0, 1, 12);

const FAILOVER: FailoverRecord = {
  from: A,
  to: B,
  reason: 'failure',
  epoch: 7,
  suspectedAt: AT - 3000,
  sdownAt: null,
  odownAt: null,
  electedAt: null,
  promotedAt: AT - 100,
  switchedAt: AT,
  firstWriteAt: AT + 5,
};

const source = (over: Partial<HealthSource> = {}): HealthSource => ({
  mode: 'sentinel',
  status: 'up',
  message: 'Redis is healthy (Sentinel mode)',
  canWrite: true,
  masterName: 'mymaster',
  primary: { address: B },
  sentinels: [{ address: A }],
  failovers: { count: 1, last: FAILOVER },
  ...over,
});

describe('healthReport', () => {
  it('says everything in Sentinel mode', () => {
    expect(healthReport(source())).toEqual({
      status: 'up',
      connected: true,
      message: 'Redis is healthy (Sentinel mode)',
      mode: 'sentinel',
      sentinel: {
        enabled: true,
        masterName: 'mymaster',
        sentinels: [A],
        currentMaster: B,
        failoverCount: 1,
        lastFailover: {
          at: '2026-01-01T12:00:00.000Z',
          from: A,
          to: B,
          reason: 'failure',
          epoch: 7,
          writeGapMs: 3005,
        },
      },
    });
  });

  it.each(['standalone', 'memory'] as const)('leaves Sentinel out in %s mode', (mode) => {
    expect(Object.keys(healthReport(source({ mode })))).toEqual([
      'status',
      'connected',
      'message',
      'mode',
    ]);
  });

  it.each([
    [{ suspectedAt: null }, 105],
    [{ suspectedAt: null, promotedAt: null }, 5],
    [{ firstWriteAt: null }, null],
  ])('measures the gap of writes from the first thing known: %j', (over, writeGapMs) => {
    const failovers = { count: 1, last: { ...FAILOVER, ...over } };
    expect(healthReport(source({ failovers })).sentinel?.lastFailover).toMatchObject({
      writeGapMs,
    });
  });

  it('has nothing to say of a primary or a failover that is not there', () => {
    const report = healthReport(
      source({
        primary: null,
        canWrite: false,
        status: 'down',
        failovers: { count: 0, last: null },
      }),
    );
    expect(report).toMatchObject({
      status: 'down',
      connected: false,
      sentinel: { currentMaster: null, failoverCount: 0, lastFailover: null },
    });
  });

  it('shows the stats of the given cache, in which stale values count as hits', () => {
    const cache = { staleHits: 50, misses: 3, sets: 7, deletes: 2, errors: 1, joined: 9 };
    const figures = { ...cache, hits: 950 };
    expect(healthReport(source(), figures).metrics).toEqual({
      hits: 1000,
      misses: 3,
      hitRate: 0.997,
      sets: 7,
      deletes: 2,
      errors: 1,
    });
  });

  it('takes reads from who counts those of sessions as well, and shows those of the last minutes', async () => {
    const cache = { hits: 1, staleHits: 0, misses: 1, sets: 7, deletes: 0, errors: 0 };
    const clock = new ManualClock();
    const sessions = new HitCounter(clock);
    for (let i = 0; i < 999; i++) sessions.hit();
    await clock.advance(120_000);
    sessions.miss();
    const { totals, rates } = sessions;
    const reads = [{ name: 'sessions', ...totals, rates }];
    expect(healthReport(source(), cache, undefined, reads).metrics).toEqual({
      hits: 999,
      misses: 1,
      hitRate: 0.999,
      sets: 7,
      deletes: 0,
      errors: 0,
      hitRates: { lastMinute: 0, last5Minutes: 0.999, last15Minutes: 0.999 },
    });
  });

  it('is plain data that survives JSON', () => {
    const report = healthReport(source());
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe('RedisHealthIndicator', () => {
  let indicator: RedisHealthIndicator;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      imports: [TerminusModule.forRoot({ logger: false })],
      providers: [RedisHealthIndicator],
    }).compile();
    expect(module.get(HealthIndicatorService)).toBeDefined();
    indicator = module.get(RedisHealthIndicator);
  });

  it.each([
    ['up', undefined, 'up'],
    ['up', true, 'up'],
    ['degraded', undefined, 'degraded'],
    ['degraded', true, 'degraded'],
    ['down', undefined, 'degraded'],
    ['down', false, 'degraded'],
    ['down', true, 'down'],
  ] as const)('judges %s with required %j as %s', async (status, required, verdict) => {
    const redis = { status: source({ status, canWrite: status === 'up' }) };
    const result = await indicator.isHealthy(
      'redis',
      redis,
      required === undefined ? {} : { required },
    );
    expect(result['redis']?.status).toBe(verdict);
    expect(result['redis']).toMatchObject({ connected: status === 'up', mode: 'sentinel' });
    if (verdict !== 'up') expect(result['redis']).toMatchObject({ redisStatus: status });
  });

  it('shows the stats of a cache', async () => {
    const none = { hits: 0, staleHits: 0, misses: 0, sets: 0, deletes: 0, errors: 0 };
    const cache = { totalStats: { ...none, misses: 4 } };
    const result = await indicator.isHealthy('redis', { status: source() }, { cache });
    expect(result['redis']).toMatchObject({ metrics: { hits: 0, misses: 4, hitRate: 0 } });
  });

  it('reports up with a note where Terminus has no degraded state', () => {
    const session = { up: (data: object) => ({ redis: { status: 'up', ...data } }) };
    const old = { check: () => session } as unknown as HealthIndicatorService;
    const report = healthReport(source({ status: 'degraded', canWrite: false }));
    expect(new RedisHealthIndicator(old).resultOf('redis', 'degraded', report)).toMatchObject({
      redis: { status: 'up', degraded: true, redisStatus: 'degraded' },
    });
  });

  it('answers under the name it is given', async () => {
    const result = await indicator.isHealthy('sessions', { status: source() });
    expect(Object.keys(result)).toEqual(['sessions']);
  });
});
