import type { ClusterPlace } from '../clients/bench-client.js';
import { serve } from '../common/serve.js';
import type { Operation, Side } from './cost.js';
import { openTimed, type TimedClient } from './timed-client.js';

// As in `bench:steady`.
const CALLERS = 100;
const VALUE = 'x'.repeat(100);
const KEYS = Array.from({ length: 1000 }, (_, i) => `bench:steady:${String(i)}`);

const clients = new Map<Side, TimedClient>();

// All sides in one process, so that they share what the engine has compiled, and the garbage.
serve({
  /** @param place - `null`: what stands in the place of Redis is in this process, so that nothing else costs time */
  async open(place: ClusterPlace | null, sides: readonly Side[]): Promise<void> {
    for (const side of sides) {
      const level = side === 'counting' ? 'watch' : 'off';
      clients.set(side, await openTimed(place, level, 1 / sides.length));
      for (const key of KEYS) await clients.get(side)?.set(key, VALUE);
    }
  },

  /** Returns the microseconds of processor time that one call takes. */
  async slice(side: Side, operation: Operation, ms: number): Promise<number> {
    const client = clients.get(side);
    if (client === undefined) throw new Error(`${side} is not open`);
    let calls = 0;
    const before = process.cpuUsage();
    const until = performance.now() + ms;
    const caller = async (first: number): Promise<void> => {
      for (let turn = first; performance.now() < until; turn++) {
        const key = KEYS[turn % KEYS.length] ?? '';
        await (operation === 'GET' ? client.get(key) : client.set(key, VALUE));
        calls++;
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, i) => caller(i)));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  },

  async close(): Promise<void> {
    for (const client of clients.values()) await client.close();
  },
});
