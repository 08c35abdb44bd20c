import type { AppConfig } from '../app-config.js';
import { dollarsADay } from './cost.js';

/** What this process costs, in `/health`. What Redis and the other processes cost is in Prometheus. */
export type CostHealth = Record<
  'cost',
  {
    readonly status: 'up';
    readonly memoryBytes: number;
    /** On average since the process began. */
    readonly cores: number;
    readonly dollarsADay: number;
  }
>;

/** Tells what this process costs. Always `up`: what is dear works. The limit is an alert of Prometheus. */
export class CostProbe {
  constructor(private readonly config: Pick<AppConfig, 'prices'>) {}

  /** Returns what it costs at present. */
  check(): CostHealth {
    const { user, system } = process.cpuUsage();
    const cores = (user + system) / 1e6 / process.uptime();
    const memoryBytes = process.memoryUsage.rss();
    const cost = dollarsADay({ memoryBytes, cores }, this.config.prices);
    return {
      cost: { status: 'up', memoryBytes, cores: rounded(cores), dollarsADay: rounded(cost) },
    };
  }
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
