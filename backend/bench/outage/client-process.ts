import { now, sleep } from '../common/clock.js';
import { OK, type Calls, type Ledger } from '../common/ledger.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { serve } from '../common/serve.js';
import type { Contestant } from './contestants.js';
import { NoteBook, type Note, type OutageClient } from './outage-client.js';
import { openContestant } from './open-contestant.js';
import { judge, newLedger, Workload, writtenKey, type Operation } from './workload.js';

/** What a process holds. Bytes. */
export interface Weight {
  readonly heap: number;
  readonly rss: number;
  /** What the contestant keeps in memory, and its bound; `null` when it does not say. */
  readonly store: { readonly bytes: number; readonly bound: number } | null;
}

/** All that is known of a run in its process. */
export interface RunRecord {
  readonly calls: Calls<Operation>;
  readonly notes: readonly Note[];
  /** Errors it reported as events. */
  readonly reported: number;
  readonly unhandled: readonly string[];
  /** What would have ended the process, had the benchmark not caught it. */
  readonly crashes: readonly string[];
  readonly atStart: Weight;
  readonly atMost: Weight;
  readonly drainedAt: number;
}

const SAMPLE_MS = 200;
const STEP_MS = 20;

const book = new NoteBook(now);
const unhandled: string[] = [];
const crashes: string[] = [];
let client: OutageClient;
let workload: Workload;
let ledger: Ledger<Operation>;
let load: OpenLoop;
let sampler: NodeJS.Timeout;
let atStart: Weight;
let atMost: Weight;

process.on('unhandledRejection', (reason) => unhandled.push(oneLine(reason)));
process.on('uncaughtException', (error) => crashes.push(oneLine(error)));

serve({
  async open(contestant: Contestant, port: number): Promise<void> {
    client = await openContestant(contestant, port, book);
  },

  async start(perSecond: number, capacity: number): Promise<number> {
    ledger = newLedger(capacity);
    workload = new Workload(client, ledger);
    await workload.prepare();
    globalThis.gc?.();
    atStart = atMost = weigh();
    sampler = setInterval(() => {
      atMost = heavier(atMost, weigh());
    }, SAMPLE_MS);
    load = new OpenLoop(perSecond, (index, dueAt) => {
      workload.issue(index, dueAt);
    });
    return load.start();
  },

  /** Ends the load, and waits that long for what is under way. */
  async stop(drainMs: number): Promise<RunRecord> {
    const stoppedAt = load.stop();
    while (ledger.pending > 0 && now() < stoppedAt + drainMs) await sleep(STEP_MS);
    clearInterval(sampler);
    const drainedAt = now();
    const { notes, reported } = book;
    return {
      calls: ledger.copy(),
      notes,
      reported,
      unhandled,
      crashes,
      atStart,
      atMost,
      drainedAt,
    };
  },

  /** Which of these writes can be read: for a process that made none of them. */
  async look(indexes: readonly number[]): Promise<number> {
    let found = 0;
    for (const index of indexes) {
      if (judge(await client.get(writtenKey(index)), index) === OK) found += 1;
    }
    return found;
  },

  close: () => client.close(),
});

function weigh(): Weight {
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss, store: client.memory?.() ?? null };
}

function heavier(a: Weight, b: Weight): Weight {
  const store =
    a.store === null || b.store === null
      ? b.store
      : { bytes: Math.max(a.store.bytes, b.store.bytes), bound: b.store.bound };
  return { heap: Math.max(a.heap, b.heap), rss: Math.max(a.rss, b.rss), store };
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 120);
}
