import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { APP_CONFIG, type AppConfig } from '../../../src/app/app-config.js';
import { UsersRepository } from '../../../src/app/auth/users.repository.js';
import { ProductsRepository } from '../../../src/app/catalogue/products.repository.js';
import { DatabaseModule } from '../../../src/app/database/database.module.js';
import { HttpModule } from '../../../src/app/http/http.module.js';
import { BareAuth, BareAuthController } from './auth.js';
import { openRedis } from './bare-redis.js';
import { BareCatalogue, BareCatalogueController } from './catalogue.js';
import { BareHealthController } from './health.controller.js';
import { BareSessionGuard, BareSessions } from './sessions.js';

/**
 * The sample backend with Redis by hand: the same framework, logs, metrics of requests, validation and database,
 * and in place of the library a bare client with the sessions and the cache that a careful developer writes first.
 */
@Global()
@Module({})
export class BareAppModule implements OnApplicationShutdown {
  constructor(private readonly redis: Redis) {}

  /** The whole application, with its own metrics registry. */
  static forRoot(config: AppConfig): DynamicModule {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    return {
      module: BareAppModule,
      imports: [DatabaseModule.forRoot(config), HttpModule],
      controllers: [BareAuthController, BareCatalogueController, BareHealthController],
      providers: [
        { provide: APP_CONFIG, useValue: config },
        { provide: Registry, useValue: registry },
        { provide: Redis, useFactory: () => openRedis(process.env) },
        BareSessions,
        BareSessionGuard,
        BareAuth,
        BareCatalogue,
        UsersRepository,
        ProductsRepository,
      ],
      exports: [APP_CONFIG, Registry],
    };
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
