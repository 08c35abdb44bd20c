import { EventBus } from '../../src/redis/base/events/index.js';
import type { Clock } from '../../src/redis/base/timing/index.js';
import { resolveOptions } from '../../src/redis/config/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import { type KeptJournal, NOTHING_KEPT } from '../../src/redis/keyspace/journal/kept-journal.js';
import { InMemoryPort } from '../support/redis-in-memory/in-memory-port.js';
import { RedisInMemory } from '../support/redis-in-memory/redis-in-memory.js';
import { ModelClock } from './model-clock.js';
import type { Footing, Stage } from './session-stage.js';

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

/** What a process stands on, and its way to Redis. */
interface TieredFooting extends Footing {
  readonly port: InMemoryPort;
}

/** The same as {@link Stage}, with the Redis below, and more processes where a test needs them. */
interface TieredStage extends Stage {
  readonly footings: readonly TieredFooting[];
  readonly redis: RedisInMemory;
  /** Starts a process whose calendar is wrong while it is cut off, and which has found this journal. */
  start(driftMs: number, kept?: KeptJournal): TieredFooting;
}

/** Processes as they run: keyspaces with memory, journal and breakers, over scripts that a Redis in memory runs. */
export function tiered(): TieredStage {
  const time = new JumpingClock();
  const redis = new RedisInMemory(() => time.wallTime());
  const ports: InMemoryPort[] = [];
  const untold = new Set<InMemoryPort>();
  redis.onPublish = (channel, message) => {
    for (const port of ports) port.tell(channel, message);
  };
  const start = (driftMs: number, kept: KeptJournal = NOTHING_KEPT): TieredFooting => {
    const port = new InMemoryPort(redis, () => time.now());
    ports.push(port);
    const onReached = (): void => {
      if (untold.delete(port)) port.tellOfSwitch();
    };
    return footingOn(port, { time, driftMs, kept, onReached });
  };
  const lose = (): void => {
    redis.empty();
    for (const port of ports) {
      if (port.link === 'open') port.tellOfSwitch();
      else untold.add(port);
    }
  };
  return { time, redis, start, lose, footings: DRIFTS_MS.map((driftMs) => start(driftMs)) };
}

/** What a process is given. */
interface Surroundings {
  readonly time: ModelClock;
  readonly driftMs: number;
  readonly kept: KeptJournal;
  readonly onReached: () => void;
}

function footingOn(
  port: InMemoryPort,
  { time, driftMs, kept, onReached }: Surroundings,
): TieredFooting {
  const clock = driftingClock(time, () => (port.link === 'open' ? 0 : driftMs));
  const keyspaces = new Keyspaces(OPTIONS, port, { clock, bus: new EventBus() }, kept);
  keyspaces.start();
  return {
    port,
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
        onReached();
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
