import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Registry } from 'prom-client';
import { APP_CONFIG, type AppConfig } from './app-config.js';
import { AuthModule } from './auth/auth.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { CountersModule } from './counters/counters.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HttpModule } from './http/http.module.js';
import { RequestLimit } from './http/request-limit.js';
import { OrdersModule } from './orders/orders.module.js';
import { PagesModule } from './pages/pages.module.js';
import { PlatformModule } from './platform.module.js';

/** The sample backend. */
@Global()
@Module({})
export class AppModule {
  /** The whole application, with its own metrics registry. */
  static forRoot(config: AppConfig): DynamicModule {
    const registry = new Registry();
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(config),
        // Each request is compared with one route after the other: what is asked for most comes first.
        AuthModule,
        CatalogueModule,
        CountersModule,
        OrdersModule,
        PagesModule,
        PlatformModule.forRoot(config, registry),
        HttpModule,
      ],
      providers: [
        { provide: APP_CONFIG, useValue: config },
        { provide: Registry, useValue: registry },
        RequestLimit,
      ],
      exports: [APP_CONFIG, Registry],
    };
  }
}
