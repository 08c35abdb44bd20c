import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedisHealthIndicator } from '../redis/health/index.js';
import { RedisModule } from '../redis/index.js';
import { CountersController } from './counters.controller.js';
import { CountersService } from './counters.service.js';
import { HealthController } from './health.controller.js';

/** The sample backend. Where Redis is, the environment says. */
@Module({
  imports: [RedisModule.forRoot(), TerminusModule],
  controllers: [HealthController, CountersController],
  providers: [RedisHealthIndicator, CountersService],
})
export class AppModule {}
