import { EventBus } from '../../src/redis/base/events/index.js';
import type { Clock } from '../../src/redis/base/timing/index.js';
import { resolveOptions } from '../../src/redis/config/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import { InMemoryPort } from '../support/redis-in-memory/in-memory-port.js';
import { RedisInMemory } from '../support/redis-in-memory/redis-in-memory.js';
import { ModelClock } from './model-clock.js';
import type { Footing, Stage } from './session-world.js';

/** By how much the calendars of processes go wrong while they cannot ask Redis for the time. */
const DRIFTS_MS = [0, 1000, -1000];
const BEGINNING = Date.UTC(2026, 0, 1);

// Ages are those by default.
const { options: OPTIONS } = resolveOptions({
  mode: 'standalone',
  host: '127.0.0.1',
  fallback: { breakerFailures: 1, breakerOpenMs: 100, stableMs: 10 },
});

/** A clock that jumps: checks that are made many times a second are made once for a quarter of an hour. */
class JumpingClock extends ModelClock {
  override wallTime(): number {
    return BEGINNING + this.now();
  }

  async advance(ms: number): Promise<void> {
    await turn();
    this.jump(ms);
    await turn();
  }
}

/** Processes as they run: keyspaces with memory, journal and breakers, over scripts that a Redis in memory runs. */
export function tiered(): Stage {
  const time = new JumpingClock();
  const redis = new RedisInMemory(() => time.wallTime());
  const ports = DRIFTS_MS.map(() => new InMemoryPort(redis));
  redis.onPublish = (channel, message) => {
    for (const port of ports) port.tell(channel, message);
  };
  const footings = ports.map((port, i) => footingOn(port, time, DRIFTS_MS[i] ?? 0));
  return { time, footings };
}

function footingOn(port: InMemoryPort, time: ModelClock, driftMs: number): Footing {
  const clock = driftingClock(time, () => (port.link === 'open' ? 0 : driftMs));
  const keyspaces = new Keyspaces(OPTIONS, port, { clock, bus: new EventBus() });
  keyspaces.start();
  return {
    keyspace: keyspaces.open('sessions', { policy: 'session', nearMs: 0, maxStaleMs: 0 }),
    clock,
    link: {
      get isAway() {
        return port.link !== 'open' || keyspaces.status.mode !== 'healthy';
      },
      get pending() {
        return keyspaces.status.journal.entries;
      },
      goAway() {
        port.link = 'cut';
      },
      reach() {
        port.link = 'open';
      },
      replayOne: () => undefined,
    },
  };
}

function driftingClock(time: ModelClock, driftMs: () => number): Clock {
  return {
    now: () => time.now(),
    wallTime: () => time.wallTime() + driftMs(),
    uncertaintyMs: () => Math.abs(driftMs()),
    after: (ms, run) => time.after(ms, run),
    hold: (ms, run) => time.hold(ms, run),
    every: (ms, run) => time.every(ms, run),
    sleep: (ms, signal) => time.sleep(ms, signal),
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
