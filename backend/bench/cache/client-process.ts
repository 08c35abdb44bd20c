import { Latencies } from '../common/latencies.js';
import { serve } from '../common/serve.js';
import type { CacheClient } from './cache-client.js';
import type { Contestant, Layer } from './contestants.js';
import { openContestant } from './open-contestant.js';
import { sampleValue, type SampleValue, type ValueSize } from './values.js';

/** What one leg came to. */
export interface Leg {
  readonly perSecond: number;
  /** Of every sixteenth call. */
  readonly p99: number;
  /** Share of one core that this process used. */
  readonly cpu: number;
  readonly errors: number;
  /** Answers that are not what was stored. */
  readonly wrong: number;
  /** Calls that were no hits. */
  readonly loads: number;
}

const CALLERS = 100;
const KEYS = 1000;
/** Between two looks at the clock, which costs as much as a hit in memory. */
const BATCH = 16;

let client: CacheClient;
let prefix = '';

serve({
  async open(layer: Layer, contestant: Contestant, port: number): Promise<void> {
    client = await openContestant(layer, contestant, port);
    prefix = `${layer}:${contestant}`;
  },

  /** Stores all values of a size. Answers whether each caller gets a copy of its own. */
  async fill(size: ValueSize): Promise<boolean> {
    const keys = keysOf(size);
    for (const [id, key] of keys.entries()) {
      await client.getOrSet(key, async () => sampleValue(id, size));
    }
    return isCopied(keys[0] ?? '');
  },

  async leg(size: ValueSize, ms: number): Promise<Leg> {
    const race = new Race(keysOf(size));
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const until = startedAt + ms;
    await Promise.all(Array.from({ length: CALLERS }, (_, i) => race.call(i, until)));
    const tookMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    const { errors, wrong, loads } = race;
    return {
      perSecond: (race.calls / tookMs) * 1000,
      p99: race.latencies.percentile(0.99),
      cpu: (user + system) / 1000 / tookMs,
      errors,
      wrong,
      loads,
    };
  },

  close: () => client.close(),
});

class Race {
  readonly latencies = new Latencies();
  calls = 0;
  errors = 0;
  wrong = 0;
  loads = 0;

  constructor(private readonly keys: readonly string[]) {}

  /** One caller, with one call at a time. Callers are spread over the keys, so that no two ask for the same at once. */
  async call(caller: number, until: number): Promise<void> {
    let turn = caller * (KEYS / CALLERS);
    for (let at = performance.now(); at < until; at = performance.now()) {
      await this.hit(turn++);
      this.latencies.add(performance.now() - at);
      for (let i = 1; i < BATCH; i++) await this.hit(turn++);
      this.calls += BATCH;
    }
  }

  private async hit(turn: number): Promise<void> {
    const id = turn % KEYS;
    try {
      const value = (await client.getOrSet(this.keys[id] ?? '', this.loader)) as SampleValue;
      if (value.id !== id) this.wrong += 1;
    } catch {
      this.errors += 1;
    }
  }

  private readonly loader = async (): Promise<SampleValue> => {
    this.loads += 1;
    return sampleValue(-1);
  };
}

function keysOf(size: ValueSize): string[] {
  return Array.from({ length: KEYS }, (_, i) => `${prefix}:${String(size)}:${String(i)}`);
}

async function isCopied(key: string): Promise<boolean> {
  const read = async (): Promise<{ name?: unknown }> =>
    (await client.getOrSet(key, async () => sampleValue(0))) as { name?: unknown };
  const first = await read();
  const name = first.name;
  first.name = 'changed by a caller';
  const second = await read();
  const isShared = second.name === 'changed by a caller';
  first.name = name;
  return !isShared;
}
