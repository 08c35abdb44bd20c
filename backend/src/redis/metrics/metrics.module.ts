import {
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { collectDefaultMetrics, register, type Registry } from 'prom-client';
import type { RedisCache } from '../cache/index.js';
import {
  aFunction,
  anything,
  connectionName,
  option,
  OptionSet,
  required,
  type RowsOf,
} from '../base/options/index.js';
import {
  byForRoot,
  noConnection,
  redisCacheToken,
  type RedisService,
  redisToken,
  refuseBare,
} from '../nest/index.js';
import {
  METRICS,
  METRICS_ROWS,
  metricsPath,
  type RedisMetricsOptions,
  type ResolvedMetricsOptions,
} from './metrics-options.js';
import {
  ENDPOINT_REGISTRY,
  metricsController,
  RedisMetricsEndpoint,
} from './metrics.controller.js';
import { MetricsRegistration } from './metrics-registration.service.js';

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

const REGISTER_ROWS = {
  name: option(connectionName, 'default'),
  path: option(metricsPath, '/metrics'),
  imports: option(anything<NonNullable<ModuleMetadata['imports']>>(), []),
} satisfies RowsOf<RedisMetricsRegisterOptions>;
/** The options of `forRoot`. */
export const METRICS_MODULE = new OptionSet(
  { ...METRICS_ROWS, ...REGISTER_ROWS },
  { path: 'metrics', example: "{ labels: { service: 'shop' } }" },
);
const ASYNC = new OptionSet(
  {
    ...REGISTER_ROWS,
    useFactory: required(aFunction<RedisMetricsAsyncOptions['useFactory']>()),
    inject: option(anything<NonNullable<RedisMetricsAsyncOptions['inject']>>(), []),
  } satisfies RowsOf<RedisMetricsAsyncOptions>,
  { path: 'metrics', example: '{ inject: […], useFactory: (…) => ({ … }) }' },
);

const DEFAULT_METRIC = 'process_cpu_user_seconds_total';
const OPTIONS = Symbol.for('nestjs-redis-ha.metrics-options');

/** Metrics of a connection for Prometheus, by prom-client. Needs `RedisModule`. */
@Module({})
export class RedisMetricsModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    refuseBare('RedisMetricsModule', modules);
  }

  /**
   * Registers the metrics with these options.
   *
   * @throws ConfigInvalidError when they cannot be used.
   */
  static forRoot(given: RedisMetricsOptions & RedisMetricsRegisterOptions = {}): DynamicModule {
    const options = METRICS_MODULE.resolve(given);
    const { name, path, imports, registry } = options;
    const endpoint = path === false ? [] : [RedisMetricsEndpoint.at(path, registry ?? register)];
    return {
      module: RedisMetricsModule,
      imports: [...imports, ...endpoint],
      providers: [
        byForRoot('RedisMetricsModule'),
        { provide: OPTIONS, useValue: options },
        registration(name),
      ],
    };
  }

  /** Registers metrics with options from a factory. */
  static forRootAsync(given: RedisMetricsAsyncOptions): DynamicModule {
    const { name, path, imports, useFactory, inject } = ASYNC.resolve(given);
    const controllers: Type[] = path === false ? [] : [metricsController(path)];
    const resolve = async (...deps: unknown[]): Promise<ResolvedMetricsOptions> =>
      METRICS.resolve(await useFactory(...deps));
    return {
      module: RedisMetricsModule,
      imports: [...imports],
      controllers,
      providers: [
        byForRoot('RedisMetricsModule'),
        { provide: OPTIONS, inject: [...inject], useFactory: resolve },
        {
          provide: ENDPOINT_REGISTRY,
          inject: [OPTIONS],
          useFactory: ({ registry }: ResolvedMetricsOptions) => registry ?? register,
        },
        registration(name),
      ],
    };
  }
}

function registration(name: string | undefined): Provider {
  return {
    provide: MetricsRegistration,
    inject: [
      OPTIONS,
      { token: redisToken(name), optional: true },
      { token: redisCacheToken(name), optional: true },
      ModuleRef,
    ],
    useFactory: (
      options: ResolvedMetricsOptions,
      redis: RedisService | undefined,
      cache: RedisCache | undefined,
      moduleRef: ModuleRef,
    ) => {
      if (redis === undefined || cache === undefined) throw noConnection('metrics.name', name);
      const { prefix, labels, sessions, defaultMetrics } = options;
      const registry = options.registry ?? register;
      if (defaultMetrics && registry.getSingleMetric(DEFAULT_METRIC) === undefined) {
        collectDefaultMetrics({ register: registry as Registry });
      }
      return new MetricsRegistration({
        prefix,
        labels,
        registry,
        redis,
        cache,
        sessions,
        moduleRef,
      });
    },
  };
}
