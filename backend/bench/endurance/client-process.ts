import { OursClient } from '../clients/ours.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { sleep } from '../common/clock.js';
import { countBy } from '../common/groups.js';
import { serve } from '../common/serve.js';
import { LightLoad } from './light-load.js';

/** What the process holds at one moment. Bytes after a garbage collection. */
export interface Holdings {
  readonly heapUsed: number;
  readonly rss: number;
  /** What keeps the event loop busy, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: number;
  readonly pending: number;
  readonly waiting: number;
  readonly failoversSeen: number;
}

/** What the load came to. */
export interface LoadCounts {
  readonly reads: number;
  readonly writes: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly unhandled: number;
}

let client: OursClient;
let load: LightLoad;
let unhandled = 0;
process.on('unhandledRejection', () => (unhandled += 1));

serve({
  async open(place: ClusterPlace, perSecond: number): Promise<void> {
    client = new OursClient(place);
    await client.connect();
    load = new LightLoad(client.redis, perSecond);
    load.start();
  },

  async hold(): Promise<Holdings> {
    // Twice, with a turn between: what a finaliser lets go of falls to the second.
    globalThis.gc?.();
    await sleep(20);
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const { status } = client.redis;
    return {
      heapUsed,
      rss,
      resources: countBy(process.getActiveResourcesInfo()),
      listeners: client.engine.bus.listenerCount,
      pending: status.pending,
      waiting: status.waiting.reads + status.waiting.writes,
      failoversSeen: status.failovers.count,
    };
  },

  counts(): LoadCounts {
    const { answered, failed } = load;
    return { ...answered, failed: Object.fromEntries(failed), unhandled };
  },

  close(): Promise<void> {
    load.stop();
    return client.close();
  },
});
