import { Controller, Get, HttpException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { RedisHealthIndicator, type RedisHealth } from '../redis/health/index.js';
import { RedisService } from '../redis/index.js';

/** Terminus' own answer, with Redis once more where `jq .redis` finds it. */
type Health = HealthCheckResult & { readonly redis: RedisHealth };

/** What probes ask. Answered from memory, whatever Redis does. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicator: RedisHealthIndicator,
    private readonly redis: RedisService,
  ) {}

  /** The state of the application: 200 while it can serve. */
  @Get()
  async check(): Promise<Health> {
    const redis = this.indicator.report(this.redis);
    try {
      const result = await this.health.check([() => this.indicator.isHealthy('redis', this.redis)]);
      return { ...result, redis };
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      throw new HttpException({ ...(error.getResponse() as object), redis }, error.getStatus());
    }
  }
}
