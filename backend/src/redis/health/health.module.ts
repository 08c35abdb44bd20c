import {
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { HealthCheckService, TerminusModule, type HealthIndicatorFunction } from '@nestjs/terminus';
import type { RedisCache } from '../cache/index.js';
import { DEFAULT_CONNECTION } from '../config/index.js';
import {
  aFunction,
  anything,
  connectionName,
  group,
  option,
  OptionSet,
  orFalse,
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
import { SystemClock } from '../base/timing/index.js';
import {
  HEALTH_ROWS,
  HEALTH,
  resolvePath,
  routePath,
  type HealthOptions,
  type ResolvedHealthOptions,
} from './health-options.js';
import { planChecks, type ApplicationCheck } from './plan-checks.js';
import { healthControllers } from './health.controller.js';
import { RedisHealthIndicator } from './health.indicator.js';
import { RedisHealthProbes } from './health-probes.service.js';

/** A check of the application, with its options. */
export type RedisHealthCheck = ApplicationCheck<HealthIndicatorFunction>;

/** Where the checks of the application come from. */
export interface RedisHealthChecks {
  /** Modules that export the injected providers. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the injected values have whatever types their providers have
    ...deps: any[]
  ) => readonly RedisHealthCheck[] | Promise<readonly RedisHealthCheck[]>;
}

/** How the module is registered. */
export interface RedisHealthRegisterOptions {
  /** Name of the connection, when there are several. @defaultValue 'default' */
  readonly name?: string;
  /** What all routes begin with; `false`: no routes. @defaultValue '' for the default connection, its name for another */
  readonly path?: string | false;
  /** Checks of the application, shown in `GET /health`. @defaultValue none */
  readonly checks?: RedisHealthChecks;
  /** Modules that export the injected providers, if they are not global. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** All options of the module. */
export type RedisHealthModuleOptions = HealthOptions & RedisHealthRegisterOptions;

/** Options that are not known at registration. */
export interface RedisHealthAsyncOptions extends RedisHealthRegisterOptions {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the injected values have whatever types their providers have
  readonly useFactory: (...deps: any[]) => HealthOptions | Promise<HealthOptions>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
}

type Modules = NonNullable<ModuleMetadata['imports']>;
type Injected = (InjectionToken | OptionalFactoryDependency)[];

const CHECKS_OPTIONS = new OptionSet(
  {
    imports: option(anything<Modules>(), []),
    inject: option(anything<Injected>(), []),
    useFactory: required(aFunction<RedisHealthChecks['useFactory']>()),
  } satisfies RowsOf<RedisHealthChecks>,
  { path: 'health.checks', example: '{ inject: […], useFactory: (…) => [() => …] }' },
);
const REGISTER_ROWS = {
  name: option(connectionName, 'default'),
  path: option(orFalse(routePath), ''),
  checks: option(group(CHECKS_OPTIONS), null),
  imports: option(anything<Modules>(), []),
} satisfies RowsOf<RedisHealthRegisterOptions>;
/** The options of `forRoot`. */
export const HEALTH_MODULE = new OptionSet(
  { ...HEALTH_ROWS, ...REGISTER_ROWS } satisfies RowsOf<RedisHealthModuleOptions>,
  { path: 'health', example: '{ required: true }' },
);
const ASYNC = new OptionSet(
  {
    ...REGISTER_ROWS,
    useFactory: required(aFunction<RedisHealthAsyncOptions['useFactory']>()),
    inject: option(anything<Injected>(), []),
  } satisfies RowsOf<RedisHealthAsyncOptions>,
  { path: 'health', example: '{ inject: […], useFactory: (…) => ({ … }) }' },
);

const OPTIONS = Symbol.for('nestjs-redis-ha.health-options');
const CHECKS = Symbol.for('nestjs-redis-ha.health-checks');

/** `GET /health`, and the routes for probes and dashboards. Needs `RedisModule`. */
@Module({})
export class RedisHealthModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    refuseBare('RedisHealthModule', modules);
  }

  /**
   * Registers the routes with these options.
   *
   * @throws ConfigInvalidError (`CONFIG_INVALID`) that lists every option that cannot be used.
   */
  static forRoot(options: RedisHealthModuleOptions = {}): DynamicModule {
    HEALTH_MODULE.resolve(options);
    const { name, path, checks, imports, ...own } = options;
    const useValue = HEALTH.resolve(own);
    return toModule({ name, path, checks, imports }, { provide: OPTIONS, useValue });
  }

  /** Registers the routes with options from a factory. */
  static forRootAsync(options: RedisHealthAsyncOptions): DynamicModule {
    ASYNC.resolve(options);
    const { useFactory, inject = [], ...register } = options;
    const resolve = async (...deps: unknown[]): Promise<ResolvedHealthOptions> =>
      HEALTH.resolve(await useFactory(...deps));
    return toModule(register, { provide: OPTIONS, inject, useFactory: resolve });
  }
}

type Register = {
  readonly [K in keyof RedisHealthRegisterOptions]: RedisHealthRegisterOptions[K] | undefined;
};

function toModule(register: Register, options: Provider): DynamicModule {
  const { name = DEFAULT_CONNECTION, path, checks, imports = [] } = register;
  const usualPath = name === DEFAULT_CONNECTION ? '' : name;
  return {
    module: RedisHealthModule,
    // Terminus would log each failed probe. This library logs once, when the state changes.
    imports: [TerminusModule.forRoot({ logger: false }), ...imports, ...(checks?.imports ?? [])],
    controllers: path === false ? [] : healthControllers(resolvePath(path, usualPath)),
    providers: [
      byForRoot('RedisHealthModule'),
      options,
      checksProvider(checks),
      RedisHealthIndicator,
      probesProvider(name),
    ],
    exports: [RedisHealthProbes, RedisHealthIndicator],
  };
}

function checksProvider(checks: RedisHealthChecks | undefined): Provider {
  if (checks === undefined) return { provide: CHECKS, useValue: [] };
  return { provide: CHECKS, inject: checks.inject ?? [], useFactory: checks.useFactory };
}

function probesProvider(name: string): Provider {
  return {
    provide: RedisHealthProbes,
    inject: [
      { token: redisToken(name), optional: true },
      { token: redisCacheToken(name), optional: true },
      HealthCheckService,
      RedisHealthIndicator,
      OPTIONS,
      CHECKS,
    ],
    useFactory: (...injected: Parameters<typeof openProbes>) => {
      // What is optional and missing is undefined.
      const [redis, cache]: readonly unknown[] = injected;
      if (redis === undefined || cache === undefined) throw noConnection('health.name', name);
      return openProbes(...injected);
    },
  };
}

// One parameter for each injected provider.
// eslint-disable-next-line max-params
function openProbes(
  redis: RedisService,
  cache: RedisCache,
  terminus: HealthCheckService,
  indicator: RedisHealthIndicator,
  options: ResolvedHealthOptions,
  given: readonly RedisHealthCheck[],
): RedisHealthProbes {
  const clock = new SystemClock();
  const checks = planChecks(given, { deadlineMs: options.deadlineMs, clock });
  return new RedisHealthProbes({ redis, cache, terminus, indicator, options, checks, clock });
}
