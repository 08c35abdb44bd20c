import { CACHE_MANAGER, CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Inject, Module, Param, Put, UseInterceptors } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { Keyv } from 'keyv';
import { RedisCache, RedisModule } from 'nestjs-redis-ha';
import { storeOn } from './store-on.js';

/** In the place of your database. */
export const prices = new Map([['7', 1999]]);
export const database = { isAsked: 0 };

@Controller('prices')
@UseInterceptors(CacheInterceptor)
class PricesController {
  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  @Get(':id')
  find(@Param('id') id: string): object {
    database.isAsked += 1;
    return { id, cents: prices.get(id) ?? null };
  }

  @Put(':id/:cents')
  async change(@Param('id') id: string, @Param('cents') cents: string): Promise<void> {
    prices.set(id, Number(cents));
    await this.cache.del(`/prices/${id}`);
  }
}

@Module({
  imports: [
    RedisModule.forRoot(),
    CacheModule.registerAsync({
      isGlobal: true,
      inject: [RedisCache],
      // Before: stores: [new KeyvRedis('redis://…')]. Controllers and interceptors stay as they are.
      useFactory: (cache: RedisCache) => ({
        ttl: 60_000,
        stores: [new Keyv({ store: storeOn(cache) })],
      }),
    }),
  ],
  controllers: [PricesController],
})
export class AppModule {}
