import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { RedisModule, RedisService } from 'nestjs-redis-ha';

@Controller()
class HelloController {
  @Get()
  hello(): string {
    return 'hello';
  }
}

@Module({
  imports: [
    RedisModule.forRoot(),
    ThrottlerModule.forRootAsync({
      inject: [RedisService],
      useFactory: (redis: RedisService) => ({
        throttlers: [{ limit: 5, ttl: 60_000 }],
        // Each request asks the primary, and waits for the new one in a failover. Where that is too long, count in the
        // process and tell Redis afterwards, as the sample backend does.
        storage: new ThrottlerStorageRedisService(redis.createClient()),
      }),
    }),
  ],
  controllers: [HelloController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
export class AppModule {}
