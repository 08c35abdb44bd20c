import type { NodeAddress } from '../../src/redis/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { Latencies } from '../common/latencies.js';
import { serve } from '../common/serve.js';
import { openContestant, type Contestant, type SteadyClient } from './contestants.js';

/** What is done in one leg. */
export type SteadyOperation = 'get' | 'set';

/** What one leg came to. */
export interface Leg {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Share of one core that this process used. */
  readonly cpu: number;
  readonly errors: number;
}

const CALLERS = 100;
const VALUE = 'x'.repeat(100);
const KEYS = Array.from({ length: 1000 }, (_, i) => `bench:steady:${String(i)}`);

let client: SteadyClient;

serve({
  async open(contestant: Contestant, place: ClusterPlace, primary: NodeAddress): Promise<void> {
    client = await openContestant(contestant, place, primary);
    for (const key of KEYS) await client.set(key, VALUE);
  },

  async leg(operation: SteadyOperation, ms: number): Promise<Leg> {
    const latencies = new Latencies();
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const until = startedAt + ms;
    const callers = Array.from({ length: CALLERS }, (_, i) => call(operation, i, until, latencies));
    const errors = (await Promise.all(callers)).reduce((sum, count) => sum + count, 0);
    const tookMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      perSecond: (latencies.count / tookMs) * 1000,
      p50: latencies.percentile(0.5),
      p99: latencies.percentile(0.99),
      cpu: (user + system) / 1000 / tookMs,
      errors,
    };
  },

  close: () => client.close(),
});

async function call(
  operation: SteadyOperation,
  caller: number,
  until: number,
  latencies: Latencies,
): Promise<number> {
  let errors = 0;
  let now = performance.now();
  for (let turn = caller; now < until; turn++) {
    const key = KEYS[turn % KEYS.length] ?? '';
    const startedAt = now;
    try {
      await (operation === 'get' ? client.get(key) : client.set(key, VALUE));
    } catch {
      errors += 1;
    }
    now = performance.now();
    latencies.add(now - startedAt);
  }
  return errors;
}
