import { sleep } from '../common/clock.js';
import { Latencies } from '../common/latencies.js';
import { serve } from '../common/serve.js';
import type { CacheClient } from './cache-client.js';
import { type Contestant, type Layer, type Workload, WORKLOADS } from './contestants.js';
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
  /** Calls that were no hits; in the layer of misses, calls that were not exactly one load. */
  readonly loads: number;
}

let client: CacheClient;
let prefix = '';
let workload: Workload;
let isOfMisses = false;
let missed = 0;

serve({
  async open(layer: Layer, contestant: Contestant, port: number): Promise<void> {
    client = await openContestant(layer, contestant, port);
    prefix = `${layer}:${contestant}`;
    workload = WORKLOADS[layer];
    isOfMisses = layer === 'miss';
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
    const race = isOfMisses ? new MissRace() : new HitRace(keysOf(size));
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const until = startedAt + ms;
    await Promise.all(Array.from({ length: workload.callers }, (_, i) => race.call(i, until)));
    const tookMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    const { errors, wrong } = race;
    const loads = isOfMisses ? Math.abs(race.calls - race.loads) : race.loads;
    return {
      perSecond: (race.calls / tookMs) * 1000,
      p99: race.latencies.percentile(0.99),
      cpu: (user + system) / 1000 / tookMs,
      errors,
      wrong,
      loads,
    };
  },

  /** Asks for one key whose loader takes this long. Answers how often it ran here, and how long the call took. */
  async miss(key: string, loaderMs: number): Promise<OneMiss> {
    let loads = 0;
    const startedAt = performance.now();
    await client.getOrSet(key, async () => {
      loads++;
      if (loaderMs > 0) await sleep(loaderMs);
      return sampleValue(0);
    });
    return { loads, tookMs: performance.now() - startedAt };
  },

  close: () => client.close(),
});

/** One call for a key that nobody has. */
export interface OneMiss {
  readonly loads: number;
  readonly tookMs: number;
}

abstract class Race {
  readonly latencies = new Latencies();
  calls = 0;
  errors = 0;
  wrong = 0;
  loads = 0;

  /** One caller, with one call at a time. Callers are spread over the keys, so that no two ask for the same at once. */
  async call(caller: number, until: number): Promise<void> {
    let turn = caller * (workload.keys / workload.callers);
    for (let at = performance.now(); at < until; at = performance.now()) {
      await this.ask(turn++);
      this.latencies.add(performance.now() - at);
      for (let i = 1; i < workload.batch; i++) await this.ask(turn++);
      this.calls += workload.batch;
      if (workload.callers === 1) await nextTurn();
    }
  }

  protected abstract ask(turn: number): Promise<void>;

  protected async get(id: number, key: string, loader: () => Promise<SampleValue>): Promise<void> {
    try {
      const value = (await client.getOrSet(key, loader)) as SampleValue;
      if (value.id !== id) this.wrong += 1;
    } catch {
      this.errors += 1;
    }
  }
}

class HitRace extends Race {
  constructor(private readonly keys: readonly string[]) {
    super();
  }

  protected override ask(turn: number): Promise<void> {
    const id = turn % workload.keys;
    return this.get(id, this.keys[id] ?? '', this.loader);
  }

  private readonly loader = async (): Promise<SampleValue> => {
    this.loads += 1;
    return sampleValue(-1);
  };
}

class MissRace extends Race {
  // Each call has a key that nobody has asked for.
  protected override ask(): Promise<void> {
    const id = missed++;
    return this.get(id, `${prefix}:${String(id)}`, async () => {
      this.loads += 1;
      return sampleValue(id);
    });
  }
}

function keysOf(size: ValueSize): string[] {
  return Array.from({ length: workload.keys }, (_, i) => `${prefix}:${String(size)}:${String(i)}`);
}

async function isCopied(key: string): Promise<boolean> {
  const read = async (): Promise<{ name?: unknown }> =>
    (await client.getOrSet(key, async () => sampleValue(0))) as { name?: unknown };
  await nextTurn();
  const first = await read();
  const name = first.name;
  first.name = 'changed by a caller';
  await nextTurn();
  const second = await read();
  const isShared = second.name === 'changed by a caller';
  first.name = name;
  return !isShared;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
