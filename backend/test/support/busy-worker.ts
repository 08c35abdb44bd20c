import { RedisService, resolveOptions, type RedisHaOptions } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { startLoad, type LedgerCheck, type Load, type LoadReport } from './load.js';
import { serveCalls } from './serve-calls.js';

/** What a process under load has seen. */
export interface BusyReport {
  readonly load: LoadReport;
  readonly check: LedgerCheck;
  /** How many connections it lost. */
  readonly connectionsLost: number;
  readonly waiting: { readonly reads: number; readonly writes: number };
}

const engine = new RedisEngine(
  resolveOptions(JSON.parse(process.argv[2] ?? '{}') as RedisHaOptions).options,
);
const redis = new RedisService(engine);
let connectionsLost = 0;
redis.on('connection.lost', () => (connectionsLost += 1));
engine.start();
let load: Load | null = null;

serveCalls({
  ready: async (): Promise<boolean> => {
    await redis.whenReady(20_000);
    load = startLoad(redis);
    return true;
  },
  written: (): number => load?.writesAcknowledged ?? 0,
  report: async (): Promise<BusyReport | null> => {
    if (load === null) return null;
    const report = await load.stop();
    const check = await load.check();
    return { load: report, check, connectionsLost, waiting: redis.status.waiting };
  },
});
