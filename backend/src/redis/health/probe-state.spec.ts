import { ManualClock } from '../testing/index.js';
import { HEALTH, type HealthOptions } from './health-options.js';
import { ProbeState } from './probe-state.js';
import type { Reach } from './reach.js';

const WELL: Reach = { reads: true, writes: true, status: 'up', message: '' };
const AWAY: Reach = { reads: false, writes: false, status: 'down', message: '' };
const READS_ONLY: Reach = { ...WELL, writes: false };

function newState(options: HealthOptions = {}): { state: ProbeState; clock: ManualClock } {
  const clock = new ManualClock();
  return { state: new ProbeState(HEALTH.resolve(options), clock), clock };
}

function started(options: HealthOptions = {}): ReturnType<typeof newState> {
  const made = newState(options);
  made.state.booted();
  made.state.observe(WELL, 'sentinel');
  return made;
}

describe('startup', () => {
  it('waits for Nest, although Redis is there', () => {
    const { state } = newState();
    state.observe(WELL, 'sentinel');
    expect(state.startup).toEqual({
      status: 'starting',
      reason: 'the application is starting',
      since: '2026-01-01T00:00:00.000Z',
    });
    expect(state.readiness()).toMatchObject({ status: 'not_ready' });
    expect(state.isWatching).toBe(true);
  });

  it('waits for Redis, but not for ever', async () => {
    const { state, clock } = newState({ startupMs: 2000 });
    state.booted();
    await clock.advance(1999);
    state.observe(AWAY, 'sentinel');
    expect(state.startup).toMatchObject({
      status: 'starting',
      reason: 'Redis has not been reached yet',
    });
    await clock.advance(1);
    state.observe(AWAY, 'sentinel');
    expect(state.startup).toEqual({
      status: 'started',
      reason: 'Redis was not reached in time; started without it',
      since: '2026-01-01T00:00:02.000Z',
    });
  });

  it('is over at once in memory mode', () => {
    const { state } = newState();
    state.booted();
    state.observe(AWAY, 'memory');
    expect(state.startup.status).toBe('started');
  });

  it('once over stays so, whatever happens to Redis', async () => {
    const { state, clock } = started();
    await clock.advance(60_000);
    state.observe(AWAY, 'sentinel');
    expect(state.startup).toMatchObject({ status: 'started', reason: 'Redis was reached' });
  });
});

describe('readiness', () => {
  it('does not depend on an optional Redis', async () => {
    const { state, clock } = started();
    state.observe(AWAY, 'sentinel');
    await clock.advance(60_000);
    state.observe(AWAY, 'sentinel');
    expect(state.readiness()).toMatchObject({ status: 'ready' });
    expect(state.isWatching).toBe(false);
  });

  it('ends when a required Redis is away for longer than the grace, and returns when it is back for long enough', async () => {
    const { state, clock } = started({ required: true });
    expect(state.isWatching).toBe(true);
    await clock.advance(1000);
    state.observe(AWAY, 'sentinel');
    await clock.advance(9_999);
    state.observe(AWAY, 'sentinel');
    expect(state.readiness()).toMatchObject({
      since: at(0),
      status: 'ready',
      reason: expect.stringContaining('tolerated'),
    });
    await clock.advance(1);
    state.observe(AWAY, 'sentinel');
    const away = { status: 'not_ready', reason: 'Redis is away', since: at(1) };
    expect(state.readiness()).toEqual(away);
    state.observe(WELL, 'sentinel');
    expect(state.readiness()).toMatchObject({ status: 'not_ready', since: at(1) });
    await clock.advance(1000);
    state.observe(WELL, 'sentinel');
    expect(state.readiness()).toEqual({
      status: 'ready',
      reason: 'Redis can be used',
      since: at(12),
    });
  });

  it.each([
    ['reads', 'ready'],
    ['writes', 'not_ready'],
  ] as const)('with a need of %s and no primary is %s', async (needs, status) => {
    const { state, clock } = started({ required: true, needs });
    state.observe(READS_ONLY, 'sentinel');
    await clock.advance(10_000);
    state.observe(READS_ONLY, 'sentinel');
    expect(state.readiness().status).toBe(status);
  });

  it('is not given to an application that needs Redis and never had it', async () => {
    const { state, clock } = newState({ required: true, startupMs: 100 });
    state.booted();
    await clock.advance(100);
    state.observe(AWAY, 'sentinel');
    expect(state.startup.status).toBe('started');
    expect(state.readiness()).toMatchObject({ reason: 'Redis has not been reached yet' });
    state.observe(WELL, 'sentinel');
    expect(state.readiness().status).toBe('ready');
  });

  it('is given in memory mode, which somebody chose, even where Redis is required', async () => {
    const { state, clock } = newState({ required: true });
    state.booted();
    await clock.advance(60_000);
    state.observe(AWAY, 'memory');
    expect(state.readiness()).toMatchObject({
      status: 'ready',
      reason: expect.stringContaining('memory mode'),
    });
    expect(state.isWatching).toBe(false);
  });

  it('ends with a check that counts for it, and says since when', async () => {
    const { state, clock } = started();
    await clock.advance(1000);
    expect(state.readiness(['database'])).toEqual({
      status: 'not_ready',
      reason: 'a check is down: database',
      since: at(1),
    });
    await clock.advance(1000);
    expect(state.readiness(['database']).since).toBe(at(1));
    expect(state.readiness().status).toBe('ready');
  });

  it('ends with the shutdown, and stays so', async () => {
    const { state, clock } = started({ required: true });
    await clock.advance(1000);
    state.shuttingDown();
    await clock.advance(1000);
    state.shuttingDown();
    state.observe(WELL, 'sentinel');
    expect(state.readiness()).toEqual({
      status: 'not_ready',
      reason: 'shutting down',
      since: at(1),
    });
    expect(state.isWatching).toBe(false);
  });
});

function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
}
