import { Module, type DynamicModule } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { RedisHealthModule } from '../redis/health/index.js';
import { RedisModule } from '../redis/index.js';
import { RedisTracingModule } from '../redis/tracing/index.js';
import { LiaoliaotsRedisModule } from '../redis/liaoliaots/index.js';
import { RedisMetricsModule } from '../redis/metrics/index.js';
import { APP_CONFIG, type AppConfig } from './app-config.js';
import { RECENT_CLIENT } from './catalogue/recently-viewed.js';
import { CostProbe } from './cost/cost.probe.js';
import { DatabaseProbe } from './database/database.probe.js';

/** Everything the library offers: connections, health, metrics, and named clients for other libraries. */
@Module({})
export class PlatformModule {
  /** The environment says where Redis is. */
  static forRoot(
    { isRedisRequired, isTraced, shutdownDelayMs }: AppConfig,
    registry: Registry,
  ): DynamicModule {
    return {
      module: PlatformModule,
      imports: [
        // First: what connects is to be known as the library's own.
        ...(isTraced ? [RedisTracingModule.forRoot()] : []),
        RedisModule.forRoot(),
        RedisHealthModule.forRoot({
          required: isRedisRequired,
          drainMs: shutdownDelayMs,
          checks: {
            inject: [DatabaseProbe, APP_CONFIG],
            useFactory: (database: DatabaseProbe, config: AppConfig) => {
              const cost = new CostProbe(config);
              return [() => database.check(), () => cost.check()];
            },
          },
        }),
        RedisMetricsModule.forRoot({ registry, defaultMetrics: true }),
        LiaoliaotsRedisModule.forRoot({ namespaces: [RECENT_CLIENT] }),
      ],
    };
  }
}
