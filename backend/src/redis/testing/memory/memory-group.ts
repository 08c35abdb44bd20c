import { SwitchoverFailedError, UnsupportedInTestError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { type Clock, RedisCalendar, type Stop } from '../../base/timing/index.js';
import {
  CommandRunner,
  ConfirmedWrites,
  type PrimaryLoans,
  RefusedClients,
} from '../../commands/index.js';
import type { ResolvedRedisOptions } from '../../config/index.js';
import type { PrimaryGroup, StandIn } from '../../engine/index.js';
import type { NearSource } from '../../near-keys/index.js';
import { MemoryLoans } from './memory-loans.js';
import { MemoryPort } from './memory-port.js';
import { MemoryRedis } from './memory-redis.js';
import { MemorySubscriptions } from './memory-subscriptions.js';
import { MemoryWays } from './memory-ways.js';

/** The calendar of a Redis that has that of the clock: nothing is measured, and nothing is uncertain. */
class OwnCalendar extends RedisCalendar {
  override uncertaintyMs(): number {
    return 0;
  }
}

/** Makes a Redis in memory that stands in the place of a real one. */
export function newMemoryStandIn(
  options: ResolvedRedisOptions,
  clock: Clock,
  bus: EventBus,
): StandIn {
  const redis = new MemoryRedis(clock);
  const ways = new MemoryWays(redis, options.node.keyPrefix, clock);
  const loans = known('loans', new MemoryLoans(ways)) as unknown as PrimaryLoans;
  const { writeTimeoutMs: timeoutMs } = options.routing;
  const confirmed = new ConfirmedWrites(loans, clock, bus, timeoutMs);
  const subscriptions = new MemorySubscriptions(redis.channels, bus);
  const runner = new CommandRunner(
    ways.shared,
    { blocking: ways.blocking, confirmed },
    clock,
    timeoutMs,
  );
  const group: Readonly<Record<keyof PrimaryGroup, unknown>> = {
    ...STEADY,
    router: known('router', { ...ways.shared, pending: 0, waiting: { reads: 0, writes: 0 } }),
    runner,
    loans,
    subscriptions: known('subscriptions', subscriptions),
    rawClients: new RefusedClients(noClients),
    calendar: new OwnCalendar(clock),
    certificateWatch: known('certificateWatch', { certificates: [] }),
    beginClose: () => {
      ways.close();
    },
    close: () => {
      subscriptions.close();
      return Promise.resolve();
    },
  };
  return {
    group: known('group', group) as unknown as PrimaryGroup,
    port: new MemoryPort(redis),
    near: nearSourceOf(runner),
  };
}

// Nobody else can change a key, so there is nothing to be told, and nothing is copied.
function nearSourceOf(runner: CommandRunner): NearSource {
  return {
    read: async (key) => [(await runner.run('get', [key], 'utf8', null)) as string | null, 0],
    listen: ({ onHearing }) => {
      onHearing();
      return Promise.resolve(nothing);
    },
  };
}

const REMEDY =
  'Test what needs it with a real Redis: startRedisServer() or startRedisCluster() of nestjs-redis-ha/testing';

const noClients = (ending: string): UnsupportedInTestError =>
  new UnsupportedInTestError(
    `RedisTestingModule has no connections, so it has no raw clients either. ${REMEDY} ${ending}`,
  );

const nothing: Stop = () => undefined;

/** What never changes where there is one Redis, which never fails. */
const STEADY = {
  sentinels: null,
  tracker: known('tracker', {
    primary: { runId: 'memory' },
    primaryAddress: null,
    primaryConnection: null,
    replicas: [],
    replicaAddresses: [],
    epoch: -1,
    isWritable: true,
    refusal: null,
    history: {
      records: [],
      isFirstWriteAwaited: false,
      summary: { count: 0, countInLast24h: 0, last: null },
    },
    onChange: () => nothing,
  }),
  start: nothing,
  noteSessions: nothing,
  renewCredentials: () => Promise.resolve({ renewed: 0, refused: 0, later: 0 }),
  switchover: () =>
    Promise.reject(new SwitchoverFailedError('A switchover needs Sentinels; nothing was changed')),
} as const;

/** The same object, which refuses in plain words to be asked for what it does not have. */
function known<T extends object>(name: string, having: T): T {
  return new Proxy(having, {
    get: (target, property) => {
      if (typeof property === 'symbol' || property === 'then' || property in target) {
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      throw new UnsupportedInTestError(
        `RedisTestingModule cannot do this: its ${name} has no ${property}. ${REMEDY}`,
      );
    },
  });
}
