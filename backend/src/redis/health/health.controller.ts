import { Controller, Get, Inject, Res, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AllowAnonymous } from '../sessions/index.js';
import { RedisHealthProbes, type HealthAnswer } from './health-probes.service.js';

/** The routes of one connection, below a path without slashes at its ends. */
export function healthControllers(path: string): Type[] {
  const below = (route: string): string => (path === '' ? route : `${path}/${route}`);
  return [probesController(below('health')), clusterController(below('api/health/redis'))];
}

/** Sends the response itself: a probe must not get what the application wraps responses and errors in. */
class Answering {
  constructor(
    @Inject(RedisHealthProbes) readonly probes: RedisHealthProbes,
    @Inject(HttpAdapterHost) readonly host: HttpAdapterHost,
  ) {}

  async send(response: unknown, { httpStatus, body }: HealthAnswer<unknown>): Promise<void> {
    const { httpAdapter } = this.host;
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
    await httpAdapter.reply(response, body, httpStatus);
  }
}

function probesController(path: string): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @AllowAnonymous()
  class RedisHealthController extends Answering {
    @Get()
    async health(@Res() response: unknown): Promise<void> {
      await this.send(response, await this.probes.health());
    }

    @Get('live')
    live(@Res() response: unknown): Promise<void> {
      return this.send(response, this.probes.live());
    }

    @Get('ready')
    async ready(@Res() response: unknown): Promise<void> {
      await this.send(response, await this.probes.ready());
    }

    @Get('startup')
    startup(@Res() response: unknown): Promise<void> {
      return this.send(response, this.probes.startup());
    }
  }
  return RedisHealthController;
}

function clusterController(path: string): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @AllowAnonymous()
  class RedisClusterController extends Answering {
    @Get()
    summary(@Res() response: unknown): Promise<void> {
      return this.send(response, this.probes.summary());
    }

    @Get('metrics')
    metrics(@Res() response: unknown): Promise<void> {
      return this.send(response, this.probes.metrics());
    }
  }
  return RedisClusterController;
}
