import {
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { collectDefaultMetrics, register, type Registry } from 'prom-client';
import type { RedisCache } from '../cache/index.js';
import { redisCacheToken, type RedisService, redisToken } from '../nest/index.js';
import { checkOptions, checkPath } from './metrics-options.js';
import {
  ENDPOINT_REGISTRY,
  metricsController,
  RedisMetricsEndpoint,
  type AnyRegistry,
} from './metrics.controller.js';
import { MetricsRegistration } from './metrics-registration.service.js';
import type { Labels } from './sample.js';

/** Which metrics to report, and in which registry. */
export interface RedisMetricsOptions {
  /** The registry of the application. @defaultValue the global one of prom-client */
  readonly registry?: AnyRegistry;
  /** The prefix of all names. @defaultValue 'redis_ha_' */
  readonly prefix?: string;
  /** Whether prom-client's metrics of the process are collected too. @defaultValue false */
  readonly defaultMetrics?: boolean;
  /** Labels added to each series, besides `connection`. */
  readonly labels?: Labels;
  /** Whether sessions are reported here; with several connections, in one module only. @defaultValue true */
  readonly sessions?: boolean;
}

/** How the module is registered. */
export interface RedisMetricsRegisterOptions {
  /** Name of the connection, when there are several. @defaultValue 'default' */
  readonly name?: string;
  /** The path of the metrics; `false`: none, the application serves them itself. @defaultValue '/metrics' */
  readonly path?: string | false;
  /** Modules that export the injected providers, if they are not global. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** Options that are not known at registration. */
export interface RedisMetricsAsyncOptions extends RedisMetricsRegisterOptions {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the injected values have whatever types their providers have
  readonly useFactory: (...args: any[]) => RedisMetricsOptions | Promise<RedisMetricsOptions>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
}

const DEFAULT_PATH = '/metrics';
const DEFAULT_PREFIX = 'redis_ha_';
const DEFAULT_METRIC = 'process_cpu_user_seconds_total';
const OPTIONS = Symbol.for('nestjs-redis-ha.metrics-options');

/** Metrics of a connection for Prometheus, by prom-client. Needs `RedisModule`. */
@Module({})
export class RedisMetricsModule {
  /**
   * Registers the metrics with these options.
   *
   * @throws ConfigInvalidError when they cannot be used.
   */
  static forRoot(given: RedisMetricsOptions & RedisMetricsRegisterOptions = {}): DynamicModule {
    const { name, path = DEFAULT_PATH, imports = [], ...options } = given;
    checkOptions({ prefix: options.prefix ?? DEFAULT_PREFIX, labels: options.labels ?? {} });
    const at = checkPath(path);
    const endpoint =
      at === false ? [] : [RedisMetricsEndpoint.at(at, options.registry ?? register)];
    return {
      module: RedisMetricsModule,
      imports: [...imports, ...endpoint],
      providers: [{ provide: OPTIONS, useValue: options }, registration(name)],
    };
  }

  /** Registers metrics with options from a factory. */
  static forRootAsync(given: RedisMetricsAsyncOptions): DynamicModule {
    const { name, path = DEFAULT_PATH, imports = [], useFactory, inject = [] } = given;
    const at = checkPath(path);
    const controllers: Type[] = at === false ? [] : [metricsController(at)];
    return {
      module: RedisMetricsModule,
      imports,
      controllers,
      providers: [
        { provide: OPTIONS, inject, useFactory },
        {
          provide: ENDPOINT_REGISTRY,
          inject: [OPTIONS],
          useFactory: ({ registry }: RedisMetricsOptions) => registry ?? register,
        },
        registration(name),
      ],
    };
  }
}

function registration(name: string | undefined): Provider {
  return {
    provide: MetricsRegistration,
    inject: [OPTIONS, redisToken(name), redisCacheToken(name), ModuleRef],
    useFactory: (
      options: RedisMetricsOptions,
      redis: RedisService,
      cache: RedisCache,
      moduleRef: ModuleRef,
    ) => {
      const { registry = register, sessions = true, defaultMetrics = false } = options;
      const checked = checkOptions({
        prefix: options.prefix ?? DEFAULT_PREFIX,
        labels: options.labels ?? {},
      });
      if (defaultMetrics && registry.getSingleMetric(DEFAULT_METRIC) === undefined) {
        collectDefaultMetrics({ register: registry as Registry });
      }
      return new MetricsRegistration({ ...checked, registry, redis, cache, sessions, moduleRef });
    },
  };
}
