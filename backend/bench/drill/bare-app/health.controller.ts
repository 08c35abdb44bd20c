import { Controller, Get } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Health } from '../health.js';
import { counts } from './bare-redis.js';

/** Says whether Redis is connected, and what was counted. */
@Controller('health')
export class BareHealthController {
  constructor(private readonly redis: Redis) {}

  /** What the drill asks for. */
  @Get()
  health(): Health {
    const status = this.redis.status === 'ready' ? 'up' : 'down';
    return { redis: { status, metrics: counts } };
  }
}
