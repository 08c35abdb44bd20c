import { Logger, type LoggerService } from '@nestjs/common';
import { QUIET } from '../../../test/support/metrics-rig.js';
import { ManualClock } from '../testing/index.js';
import { HEALTH, type HealthOptions } from './health-options.js';
import { planChecks } from './plan-checks.js';
import { RedisHealthProbes } from './health-probes.service.js';

const STATUS = { mode: 'standalone', message: '' };
const WELL = { ...STATUS, status: 'up', canWrite: true };
const GONE = { ...STATUS, status: 'down', canWrite: false };

const lines: string[] = [];
const note = (message: string): void => void lines.push(message);

beforeEach(() => {
  lines.length = 0;
  Logger.overrideLogger({ log: note, warn: note, error: note } satisfies LoggerService);
});
afterEach(() => {
  Logger.overrideLogger(['error']);
});

function newProbes(options: HealthOptions, status: object = WELL) {
  const clock = new ManualClock();
  const redis = { status };
  const resolved = HEALTH.resolve(options);
  const checks = planChecks([], { deadlineMs: resolved.deadlineMs, clock });
  const deps = { redis, clock, options: resolved, checks } as unknown as ConstructorParameters<
    typeof RedisHealthProbes
  >[0];
  return { probes: new RedisHealthProbes(deps), redis, clock };
}

describe('RedisHealthProbes', () => {
  it('finds out by itself that a required Redis is away and back, and says each once', async () => {
    const { probes, redis, clock } = newProbes({ required: true, graceMs: 1000, recoverMs: 500 });
    probes.onApplicationBootstrap();
    redis.status = GONE;
    await clock.advance(3000);
    expect(lines).toEqual(['Not ready: Redis is away']);
    expect((await probes.ready()).httpStatus).toBe(503);
    redis.status = WELL;
    await clock.advance(3000);
    expect(lines).toEqual(['Not ready: Redis is away', 'Ready again: Redis can be used']);
    expect((await probes.ready()).httpStatus).toBe(200);
  });

  it('tolerates as many failovers as there are, if each is short', async () => {
    const { probes, redis, clock } = newProbes({ required: true, graceMs: 10_000 });
    probes.onApplicationBootstrap();
    for (let i = 0; i < 5; i++) {
      redis.status = GONE;
      await clock.advance(6000);
      expect((await probes.ready()).httpStatus).toBe(200);
      redis.status = WELL;
      await clock.advance(200);
    }
    expect(lines).toEqual([]);
  });

  it('stops looking once there is nothing to find out', async () => {
    const { probes, clock } = newProbes({});
    expect(clock.pending).toBe(1);
    probes.onApplicationBootstrap();
    expect(clock.pending).toBe(0);
    expect(probes.startup().httpStatus).toBe(200);
  });

  it('leaves nothing behind when it shuts down', async () => {
    const { probes, clock } = newProbes({ required: true, drainMs: 500 });
    probes.onApplicationBootstrap();
    probes.onModuleDestroy();
    expect((await probes.ready()).body).toMatchObject({ reason: 'shutting down' });
    const drained = probes.beforeApplicationShutdown();
    await clock.advance(500);
    await drained;
    expect(clock.pending).toBe(0);
  });

  it('keeps an application in service whose journal keeps nothing, however strict it is', async () => {
    const journal = { ...QUIET.journal, isFull: true };
    const { probes, clock } = newProbes(
      { required: true, needs: 'writes', graceMs: 1000 },
      { ...WELL, fallback: { ...QUIET, journal } },
    );
    probes.onApplicationBootstrap();
    await clock.advance(60_000);
    expect((await probes.ready()).httpStatus).toBe(200);
    expect(probes.live().httpStatus).toBe(200);
    expect(probes.startup().httpStatus).toBe(200);
    expect(lines).toEqual([]);
    probes.onModuleDestroy();
  });

  it('starts without a Redis that does not come', async () => {
    const { probes, clock } = newProbes({ startupMs: 1000 }, GONE);
    probes.onApplicationBootstrap();
    expect(probes.startup().httpStatus).toBe(503);
    await clock.advance(1100);
    expect(probes.startup()).toMatchObject({
      httpStatus: 200,
      body: { reason: 'Redis was not reached in time; started without it' },
    });
  });
});
