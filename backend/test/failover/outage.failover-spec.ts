import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FallbackStatus } from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { seededRandom } from '../support/random-histories.js';
import { WorkerPool, type Worker } from '../support/worker.js';

/** 60 s by hand (`OUTAGE_MS=60000`), shorter here: what is proved does not depend on the length. */
const OUTAGE_MS = Number(process.env['OUTAGE_MS'] ?? 4_000);
const PROCESSES = 3;
const CHANGES = 10_000;
const KEYS = Array.from({ length: 400 }, (_unused, i) => `key-${String(i)}`);
const NAMESPACE = 'outage';

type Change = readonly [string, string | null];
type WriteReport = {
  outcomes: Record<string, number>;
  longestMs: number;
  /** Between which moments each key was changed last, by the calendar of that process. */
  madeAt: Record<string, [from: number, to: number]>;
};

let server: RedisTestServer;
let pool: WorkerPool;

beforeAll(async () => {
  pool = new WorkerPool('cache-worker.ts');
  server = await startRedisServer();
});
afterAll(async () => {
  await pool.close();
  await server.stop();
});

function randomChanges(process: number, count: number): Change[] {
  const random = seededRandom(process + 1);
  return Array.from({ length: count }, (_unused, i) => {
    const key = KEYS[Math.floor(random() * KEYS.length)]!;
    return [key, random() < 0.3 ? null : `p${String(process)}-${String(i)}`] as const;
  });
}

const startWorkers = (): Promise<Worker[]> =>
  Promise.all(
    Array.from({ length: PROCESSES }, () =>
      pool.start({
        options: server.options(),
        namespace: NAMESPACE,
        cache: { policy: 'session', ttlMs: null },
      }),
    ),
  );

const statuses = (workers: readonly Worker[]): Promise<FallbackStatus[]> =>
  Promise.all(workers.map((worker) => worker.call<FallbackStatus>('status')));

async function untilHealthy(workers: readonly Worker[]): Promise<void> {
  await waitUntil(async () => (await statuses(workers)).every(({ mode }) => mode === 'healthy'), {
    what: 'every process is healthy again',
    timeoutMs: 20_000,
    everyMs: 50,
  });
}

describe('an outage while three processes write the same keys', () => {
  it('leaves no key different between Redis and any process, resurrects nothing, overwrites nothing newer', async () => {
    const workers = await startWorkers();
    const seeded = KEYS.map((key) => [key, 'before'] as const);
    await workers[0]!.call('write', seeded, 0);

    await server.node.freeze();
    const each = Math.floor(CHANGES / PROCESSES);
    const pauseMs = OUTAGE_MS / each;
    const plans = workers.map((_worker, i) => randomChanges(i, each));
    const reports = await Promise.all(
      workers.map((worker, i) => worker.call<WriteReport>('write', plans[i], pauseMs)),
    );
    const during = await statuses(workers);
    server.node.thaw();
    const backAt = performance.now();
    await untilHealthy(workers);
    const tookMs = performance.now() - backAt;

    // Everything was acknowledged as journaled, but for what was under way when the breaker opened.
    for (const { outcomes } of reports) {
      expect(
        Object.keys(outcomes).filter((name) => name !== 'journaled' && name !== 'stored'),
      ).toEqual([]);
    }
    for (const { journal, memory } of during) {
      expect(journal.bytes).toBeLessThanOrEqual(journal.maxBytes);
      expect(memory.bytes).toBeLessThanOrEqual(memory.maxBytes);
    }
    const after = await statuses(workers);
    for (const { journal } of after) {
      expect({
        entries: journal.entries,
        dropped: journal.dropped,
        expired: journal.expired,
      }).toEqual({
        entries: 0,
        dropped: 0,
        expired: 0,
      });
    }

    const views = await Promise.all(
      workers.map((worker) => worker.call<Record<string, string>>('read', KEYS)),
    );
    expect(views[1]).toEqual(views[0]);
    expect(views[2]).toEqual(views[0]);
    // Every key holds the last change that any process made: a value, or a delete.
    const lasts = plans.map((plan) => new Map(plan));
    let decided = 0;
    for (const key of KEYS) {
      const changes = lasts
        .flatMap((last, i) =>
          last.has(key) ? [{ value: last.get(key) ?? null, at: reports[i]!.madeAt[key]! }] : [],
        )
        .sort((a, b) => b.at[0] - a.at[0]);
      const [latest, ...others] = changes;
      // Stamps have whole milliseconds.
      const isClear = latest !== undefined && others.every(({ at }) => latest.at[0] - at[1] > 1);
      const seen = views[0]![key] ?? null;
      if (latest === undefined) expect({ key, seen }).toEqual({ key, seen: 'before' });
      else if (isClear) expect({ key, seen }).toEqual({ key, seen: latest.value });
      else expect(changes.map(({ value }) => value)).toContain(seen);
      if (isClear) decided++;
    }
    expect(decided).toBeGreaterThan(KEYS.length / 2);
    expect(await Promise.all(workers.map((worker) => worker.call('unhandled')))).toEqual([
      [],
      [],
      [],
    ]);
    process.stdout.write(
      `  outage of ${String(OUTAGE_MS)} ms, ${String(CHANGES)} changes: all healthy ${tookMs.toFixed(0)} ms after the return\n`,
    );
  }, 200_000);
});

describe('a process that crashes during an outage', () => {
  it('loses nothing that it acknowledged as journaled, when the journal is on disk', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'journal-'));
    const plan = {
      options: { ...server.options(), journal: { dir } },
      namespace: 'crash',
      cache: { policy: 'session', ttlMs: null },
    };
    const first = await pool.start(plan);
    await first.call('write', [['deleted', 'before']], 0);
    await server.node.freeze();
    const changes = Array.from(
      { length: 50 },
      (_unused, i) => [`key-${String(i)}`, `value-${String(i)}`] as const,
    );
    const report = await first.call<WriteReport>('write', [...changes, ['deleted', null]], 0);
    expect(report.outcomes).toEqual({ journaled: 51 });
    await first.kill();

    server.node.thaw();
    const second = await pool.start(plan);
    await untilHealthy([second]);
    await waitUntil(async () => (await statuses([second]))[0]!.journal.entries === 0, {
      what: 'the journal of the first is in Redis',
    });
    const reader = await pool.start({ ...plan, options: server.options() });
    const keys = [...changes.map(([key]) => key), 'deleted'];
    expect(await reader.call('read', keys)).toEqual(Object.fromEntries(changes));
  });

  it('hands it to a process that was there before, and that one brings it to Redis', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'journal-'));
    const plan = {
      options: { ...server.options(), journal: { dir } },
      namespace: 'adopted',
      cache: { policy: 'session', ttlMs: null },
    };
    const [first, second] = await Promise.all([pool.start(plan), pool.start(plan)]);
    await server.node.freeze();
    const report = await first.call<WriteReport>('write', [['a', 'kept']], 0);
    expect(report.outcomes).toEqual({ journaled: 1 });
    await first.kill();
    server.node.thaw();
    // It looks for files without an owner every 15 s.
    await waitUntil(
      async () => (await second.call<Record<string, string>>('read', ['a']))['a'] === 'kept',
      {
        what: 'the journal of the first is in Redis',
        timeoutMs: 60_000,
      },
    );
  });
});
