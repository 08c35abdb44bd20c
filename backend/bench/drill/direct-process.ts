import type { ClusterPlace } from '../clients/bench-client.js';
import { now, sleep, sleepUntil } from '../common/clock.js';
import { eachCall, Ledger, OK } from '../common/ledger.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { serve } from '../common/serve.js';
import { summaryOf } from '../../src/cli/measure/statistics.js';
import { PRODUCT_IDS, SESSIONS, type DirectClient } from './direct-client.js';
import { openBare } from './direct-bare.js';
import { openOurs } from './direct-ours.js';
import { seededRandom } from './mix.js';
import type { ContestantName, DirectLevel } from './results.js';

// One process that reads sessions, reads cached products and writes, on an open loop.
const KINDS = ['session', 'product', 'write'] as const;
const SESSION_SHARE = 0.7;
const WRITE_SHARE = 0.03;
const DRAIN_MS = 3000;
const SEED = 7;

const random = seededRandom(SEED);
let client: DirectClient;

serve({
  async open(name: ContestantName, place: ClusterPlace): Promise<void> {
    client = await (name === 'bare' ? openBare(place) : openOurs(place));
  },

  /** So many operations a second for some seconds. */
  async level(rate: number, seconds: number): Promise<DirectLevel> {
    const ledger = new Ledger(KINDS, Math.ceil(rate * seconds) + 1);
    const loop = new OpenLoop(rate, (_, dueAt) => {
      issue(ledger, dueAt);
    });
    const endsAt = loop.start() + seconds * 1000;
    await sleepUntil(endsAt);
    loop.stop(endsAt);
    const inTime = ledger.copy();
    const giveUpAt = now() + DRAIN_MS;
    while (ledger.pending > 0 && now() < giveUpAt) await sleep(10);
    const calls = [...eachCall(ledger.copy())];
    const good = calls.filter(({ outcome }) => outcome === OK);
    const done = [...eachCall(inTime)].filter(({ outcome }) => outcome === OK).length;
    const { p50, p99 } = summaryOf(good.map(({ settledAt, dueAt }) => settledAt - dueAt));
    const perSecond = Math.round(done / seconds);
    return { rate, perSecond, p50, p99, failed: calls.length - good.length };
  },

  close: () => client.close(),
});

function issue(ledger: Ledger<(typeof KINDS)[number]>, dueAt: number): void {
  const chance = random();
  const id = 1 + Math.floor(random() * PRODUCT_IDS);
  const kind = chance < SESSION_SHARE ? 'session' : chance < 1 - WRITE_SHARE ? 'product' : 'write';
  const number = ledger.begin(kind, dueAt, now());
  run(kind, id).then(
    () => ledger.settle(number, now()),
    () => ledger.settle(number, now(), 'failed'),
  );
}

function run(kind: (typeof KINDS)[number], id: number): Promise<unknown> {
  if (kind === 'session') return client.readSession(id % SESSIONS);
  return kind === 'product' ? client.readProduct(id) : client.write(id);
}
