import {
  Controller,
  Get,
  Inject,
  Module,
  Res,
  VERSION_NEUTRAL,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Registry } from 'prom-client';
import { AllowAnonymous } from '../sessions/index.js';

/** A registry of either format. */
export type AnyRegistry = Pick<
  Registry,
  'getSingleMetric' | 'registerMetric' | 'removeSingleMetric' | 'metrics'
> & { readonly contentType: string };

/** The injection token of the function that returns the registry of an endpoint. */
export const ENDPOINT_REGISTRY = Symbol.for('nestjs-redis-ha.metrics-registry');

/** A controller that serves a registry. Network and proxy decide who may read it. */
export function metricsController(path: string): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @AllowAnonymous()
  class RedisMetricsController {
    readonly #registry: AnyRegistry;
    readonly #host: HttpAdapterHost;

    constructor(
      @Inject(ENDPOINT_REGISTRY) registry: AnyRegistry,
      @Inject(HttpAdapterHost) host: HttpAdapterHost,
    ) {
      this.#registry = registry;
      this.#host = host;
    }

    // Sends the response itself: Prometheus must not get what the application wraps responses in.
    @Get()
    async metrics(@Res() response: unknown): Promise<void> {
      const { httpAdapter } = this.#host;
      const text = await this.#registry.metrics();
      httpAdapter.setHeader(response, 'Content-Type', this.#registry.contentType);
      httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
      await httpAdapter.reply(response, text, 200);
    }
  }
  return RedisMetricsController;
}

const known = new WeakMap<AnyRegistry, Map<string, DynamicModule>>();

/** The endpoint of a registry at a path: the same module for all connections, so that there is one route. */
@Module({})
export class RedisMetricsEndpoint {
  static at(path: string, registry: AnyRegistry): DynamicModule {
    const ofRegistry = known.get(registry) ?? new Map<string, DynamicModule>();
    known.set(registry, ofRegistry);
    const made = ofRegistry.get(path) ?? {
      module: RedisMetricsEndpoint,
      controllers: [metricsController(path)],
      providers: [{ provide: ENDPOINT_REGISTRY, useValue: registry }],
    };
    ofRegistry.set(path, made);
    return made;
  }
}
