import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { RedisHaError, type RedisService } from '../../src/redis/index.js';
import {
  startRedisCluster,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { seededRandom } from '../support/random-histories.js';
import { FIRST_SEED } from '../support/seeded-search.js';

type Tally = Record<string, number>;
type Kind = 'read' | 'write' | 'blocking';
type Random = () => number;

// As docs/metrics.md says it; every other error is `rejected`.
const OUTCOMES: Readonly<Record<string, string>> = {
  COMMAND_TIMEOUT: 'timeout',
  NO_PRIMARY: 'no-node',
  NO_REPLICA: 'no-node',
  CONNECTION_LOST: 'no-node',
  QUEUE_FULL: 'queue-full',
  COMMAND_UNCERTAIN: 'uncertain',
  COMMAND_ABORTED: 'aborted',
  CLOSED: 'closed',
};
const CHANNEL = 'nestjs-redis-ha:command';
const FAULTS = ['killed', 'frozen', 'cut', 'refusing', 'without scripts'] as const;

/** What callers saw of their commands, by kind and outcome. */
class Callers {
  readonly seen: Tally = {};
  readonly #open = new Set<Promise<unknown>>();

  /** A call of one command. */
  one(kind: Kind, call: Promise<unknown>): void {
    this.#track(
      call.then(
        () => this.#add(kind, null),
        (error: unknown) => this.#add(kind, error),
      ),
    );
  }

  /** A pipeline, which has an answer for each of its commands. */
  each(kind: Kind, call: Promise<readonly (readonly [Error | null, unknown])[] | null>): void {
    this.#track(
      call.then((results) => {
        for (const [error] of results ?? []) this.#add(kind, error);
      }),
    );
  }

  async allAnswered(): Promise<void> {
    await Promise.all(this.#open);
  }

  #track(call: Promise<void>): void {
    this.#open.add(call);
    void call.finally(() => this.#open.delete(call));
  }

  #add(kind: Kind, error: unknown): void {
    const code = RedisHaError.is(error) ? error.code : '';
    const outcome = error === null ? 'ok' : (OUTCOMES[code] ?? 'rejected');
    const name = `${kind} ${outcome}`;
    this.seen[name] = (this.seen[name] ?? 0) + 1;
  }
}

function callSomething(redis: RedisService, callers: Callers, random: Random): void {
  const key = String(Math.floor(random() * 20));
  const [text, number] = [`t${key}`, `n${key}`];
  const increment = redis.script({ lua: "return redis.call('INCR', KEYS[1])" });
  const giveUp = AbortSignal.timeout(Math.ceil(random() * 3));
  const ways: readonly (() => void)[] = [
    () => callers.one('read', redis.get(text)),
    () => callers.one('read', redis.with({ timeoutMs: 1 }).get(text)),
    () => callers.one('write', redis.set(text, 1)),
    () => callers.one('write', redis.incr(number)),
    () => callers.one('write', redis.lpush(text, 1)),
    () => callers.one('write', increment([number])),
    () => callers.one('write', redis.evalsha('0'.repeat(40), 0)),
    () => callers.one('write', redis.multi().set(text, 1).incr(number).exec()),
    () => callers.one('write', redis.with({ signal: giveUp }).set(text, 1)),
    () => callers.one('write', redis.with({ replicas: 1, timeoutMs: 700 }).set(text, 1)),
    () => callers.one('blocking', redis.blpop(`q${key}`, 0.05)),
    () => callers.each('write', redis.pipeline().set(text, 1).incr(number).get(text).exec()),
    () => callers.each('read', redis.pipeline().get(text).get(number).exec()),
  ];
  ways[Math.floor(random() * ways.length)]?.();
}

async function breakIt(cluster: RedisTestCluster, fault: (typeof FAULTS)[number]): Promise<void> {
  const primary = cluster.primary();
  if (fault === 'killed' || fault === 'frozen') return replace(cluster, primary, fault);
  for (let i = 0; i < 3; i++) {
    if (fault === 'cut') await primary.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    if (fault === 'without scripts') await primary.command('SCRIPT', 'FLUSH');
    if (fault === 'refusing') await primary.command('CONFIG', 'SET', 'min-replicas-to-write', '5');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await primary.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
}

async function replace(
  cluster: RedisTestCluster,
  old: RedisTestNode,
  fault: 'killed' | 'frozen',
): Promise<void> {
  await (fault === 'killed' ? old.kill() : old.freeze());
  await cluster.waitForPrimaryOtherThan(old);
  if (fault === 'killed') await old.restart();
  else old.thaw();
  await cluster.waitForReady();
}

/** The way of each operation, as the channels tell it. */
class Ways {
  readonly #ways = new Map<unknown, { sent: number; again: number; reasons: string[] }>();
  readonly #onStart = (operation: unknown): void => {
    this.#ways.set(operation, { sent: 0, again: 0, reasons: [] });
  };
  readonly #onStep = (message: unknown): void => {
    const { operation, step, reason } = message as Readonly<Record<string, unknown>>;
    const way = this.#ways.get(operation);
    if (way === undefined) return;
    if (step === 'sent') way.sent++;
    if (step === 'again') {
      way.again++;
      way.reasons.push(String(reason));
    }
  };

  constructor() {
    subscribe(`tracing:${CHANNEL}:start`, this.#onStart);
    subscribe(`${CHANNEL}:step`, this.#onStep);
  }

  stop(): void {
    unsubscribe(`tracing:${CHANNEL}:start`, this.#onStart);
    unsubscribe(`${CHANNEL}:step`, this.#onStep);
  }

  /** How often operations were to be sent again, by the reason. */
  get retries(): Tally {
    const tally: Tally = { refused: 0, lost: 0, silent: 0 };
    for (const { reasons } of this.#ways.values()) {
      for (const reason of reasons) tally[reason] = (tally[reason] ?? 0) + 1;
    }
    return tally;
  }

  /** Those that were to be sent again more often than they had been sent. */
  get sentAgainUnsent(): readonly unknown[] {
    return [...this.#ways.values()].filter(({ sent, again }) => again > sent);
  }
}

describe('what is counted of commands', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterEach(closeEngines);
  afterAll(() => cluster.stop());

  async function live(redis: RedisService, callers: Callers, random: Random): Promise<void> {
    const faults = [...FAULTS].sort(() => random() - 0.5);
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) {
        for (let i = 0; i < 4; i++) callSomething(redis, callers, random);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    for (const fault of faults) await breakIt(cluster, fault);
    over.abort();
    await load;
    await callers.allAnswered();
  }

  it(`is what their callers saw, through every fault, seed ${String(FIRST_SEED)}`, async () => {
    const routing = { writeTimeoutMs: 1_500 };
    const { redis } = await startReadyEngine({ ...cluster.options(), routing });
    const before = redis.stats;
    const ways = new Ways();
    const callers = new Callers();
    await live(redis, callers, seededRandom(FIRST_SEED));
    ways.stop();
    const { kinds, retries } = redis.stats;
    const counted: Tally = {};
    for (const kind of ['read', 'write', 'blocking'] as const) {
      const outcomes = kinds[kind].outcomes as Tally;
      for (const [outcome, count] of Object.entries(outcomes)) {
        const more = count - ((before.kinds[kind].outcomes as Tally)[outcome] ?? 0);
        if (more > 0) counted[`${kind} ${outcome}`] = more;
      }
      const total = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
      expect(kinds[kind].durations.count).toBe(total);
    }
    expect(counted).toEqual(callers.seen);
    expect(retries).toEqual(ways.retries);
    expect(ways.sentAgainUnsent).toEqual([]);
    expect(redis.status.pending).toBe(0);
  });
});
