import {
  Inject,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ConfigInvalidError } from '../base/errors/index.js';
import {
  aFunction,
  anything,
  connectionName,
  flag,
  objectWith,
  group,
  option,
  OptionSet,
  type RowsOf,
} from '../base/options/index.js';
import { CONNECTION_CACHE, RedisCache, type ConnectionCacheOptions } from '../cache/index.js';
import {
  DEFAULT_CONNECTION,
  resolveOptions,
  resolveOverEnv,
  type OptionsOverEnvironment,
  type RedisHaOptions,
  type Resolution,
} from '../config/index.js';
import { RedisEngine, RedisKeyspaces, settleSentinels } from '../engine/index.js';
import { EngineHook } from './engine-hook.js';
import { RedisEventLogger } from './event-logger.js';
import type { RedisLogger } from './redis-logger.js';
import { RedisService } from './redis.service.js';
import {
  byForRoot,
  engineToken,
  redisCacheToken,
  redisKeyspacesToken,
  redisToken,
  refuseBare,
  registeredToken,
  resolutionToken,
} from './inject.js';
import { systemRandom } from '../base/timing/index.js';

/** How a module is registered, apart from the options of Redis itself. */
export interface RegisterOptions {
  /** Name of the connection, when there are several. @defaultValue 'default' */
  readonly name?: string;
  /** Whether every module may inject it without importing this one. @defaultValue true */
  readonly isGlobal?: boolean;
  /** Options of the cache, which its namespaces can override. @defaultValue those of `CacheOptions` */
  readonly cache?: ConnectionCacheOptions;
  /** Whether the options are laid over those of the environment, and not given in their place. @defaultValue false */
  readonly overEnvironment?: boolean;
  /** Where its lines go: `logger: pino`. @defaultValue the logger of Nest */
  readonly logger?: RedisLogger;
}

const LOGGER = objectWith<RedisLogger>(
  'a logger with error, warn, info and debug',
  'error',
  'warn',
  'info',
  'debug',
);
const REGISTER_ROWS = {
  name: option(connectionName, 'default'),
  isGlobal: option(flag, true),
  cache: option(group(CONNECTION_CACHE), CONNECTION_CACHE.defaults),
  overEnvironment: option(flag, false),
  logger: option(LOGGER, null),
} satisfies RowsOf<RegisterOptions>;
/** The second argument of `forRoot`. */
export const REGISTER = new OptionSet(REGISTER_ROWS, {
  path: 'register',
  example: "RedisModule.forRoot(options, { name: 'sessions' })",
});

/** Creates the options, for `useClass` and `useExisting`. */
export interface RedisOptionsFactory<T = RedisHaOptions> {
  createRedisOptions(): T | Promise<T>;
}

interface AsyncBase extends Omit<RegisterOptions, 'overEnvironment'> {
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** Where options of one kind come from. */
type OptionsSource<T> =
  | {
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the injected values have whatever types their providers have
      readonly useFactory: (...args: any[]) => T | Promise<T>;
      readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
    }
  | { readonly useClass: Type<RedisOptionsFactory<T>> }
  | { readonly useExisting: InjectionToken<RedisOptionsFactory<T>> };

/** Options of {@link RedisModule.forRootAsync}: how the connection is registered and where its options come from. */
export type RedisAsyncOptions = AsyncBase &
  (
    | ({ readonly overEnvironment?: false } & OptionsSource<RedisHaOptions>)
    | ({ readonly overEnvironment: true } & OptionsSource<OptionsOverEnvironment | undefined>)
  );

const ASYNC_REGISTER = new OptionSet(
  {
    ...REGISTER_ROWS,
    imports: option(anything(), []),
    useFactory: option(aFunction(), null),
    inject: option(anything(), []),
    useClass: option(aFunction(), null),
    useExisting: option(anything(), null),
  },
  { path: 'register', example: 'RedisModule.forRootAsync({ inject: […], useFactory: (…) => … })' },
);

/**
 * Redis for a Nest application. `RedisModule.forRoot()` reads the environment, so the code is the same
 * for one Redis on a laptop and a Sentinel cluster in production.
 */
@Module({})
export class RedisModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    refuseBare('RedisModule', modules);
  }

  /**
   * Registers a connection. Without options it reads the environment (`docs/configuration.md`); with
   * `overEnvironment` it reads the environment too, and the options win.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) for a registration that cannot be used; what
   * is wrong with the options of Redis is thrown when the application starts.
   */
  static forRoot(
    options: OptionsOverEnvironment,
    register: RegisterOptions & { readonly overEnvironment: true },
  ): DynamicModule;
  static forRoot(options?: RedisHaOptions, register?: RegisterOptions): DynamicModule;
  static forRoot(
    options?: RedisHaOptions | OptionsOverEnvironment,
    register: RegisterOptions = {},
  ): DynamicModule {
    REGISTER.resolve(register);
    // Nothing written is the environment; a factory that returns nothing may have forgotten to.
    const resolve = (): Resolution =>
      resolution(
        options,
        options === undefined ? { ...register, overEnvironment: true } : register,
      );
    const provide = resolutionToken(register.name ?? DEFAULT_CONNECTION);
    return toModule(register, [], [{ provide, useFactory: resolve }]);
  }

  /** Registers a connection whose options come from elsewhere, such as a ConfigService. */
  static forRootAsync(options: RedisAsyncOptions): DynamicModule {
    checkAsync(options);
    return toModule(options, options.imports ?? [], asyncProviders(options));
  }
}

/** Resolves options as `forRoot` and `forRootAsync` do alike. */
function resolution(
  options: RedisHaOptions | OptionsOverEnvironment | undefined,
  { name = DEFAULT_CONNECTION, overEnvironment = false }: RegisterOptions,
): Resolution {
  if (overEnvironment) return resolveOverEnv(options, undefined, name);
  // Without the environment they are complete, or what is missing is reported.
  return resolveOptions(options as RedisHaOptions, name);
}

function checkAsync(options: unknown): void {
  const { useFactory, useClass, useExisting } = ASYNC_REGISTER.resolve(options);
  if ([useFactory, useClass, useExisting].some((source) => source !== null)) return;
  throw new ConfigInvalidError([
    {
      field: 'register.useFactory',
      value: undefined,
      message: 'is missing, and useClass and useExisting too: nothing makes the options',
      remedy: "For example: useFactory: () => ({ mode: 'standalone' })",
    },
  ]);
}

function toModule(
  { name = DEFAULT_CONNECTION, isGlobal = true, cache, logger }: RegisterOptions,
  imports: NonNullable<ModuleMetadata['imports']>,
  providers: Provider[],
): DynamicModule {
  const engine = engineToken(name);
  const own: FactoryProvider[] = [
    {
      provide: engine,
      // A test may put a check in the place of the last one, which comes before anything connects.
      inject: [resolutionToken(name), ModulesContainer, registeredToken('RedisModule')],
      useFactory: (resolution: Resolution, modules: ModulesContainer) => {
        refuseSecond(name, modules);
        return startEngine(resolution, logger);
      },
    },
    {
      provide: Symbol.for(`nestjs-redis-ha.hook.${name}`),
      inject: [engine],
      useFactory: (started: RedisEngine) => new EngineHook(started),
    },
    {
      provide: redisToken(name),
      inject: [engine],
      useFactory: (started: RedisEngine) => new RedisService(started),
    },
    {
      provide: redisKeyspacesToken(name),
      inject: [engine],
      useFactory: (started: RedisEngine) => new RedisKeyspaces(started),
    },
    {
      provide: redisCacheToken(name),
      inject: [engine],
      useFactory: (started: RedisEngine) => newCache(started, cache),
    },
  ];
  return {
    module: RedisModule,
    global: isGlobal,
    imports,
    providers: [byForRoot('RedisModule'), ...providers, ...own],
    exports: [redisToken(name), redisKeyspacesToken(name), redisCacheToken(name)],
  };
}

/**
 * @internal Throws when several modules register a connection of this name. Nest keeps modules of one class apart
 * unless they are the same object: there would be two engines, and which of them is injected depends on the order
 * of imports.
 */
export function refuseSecond(name: string, modules: ModulesContainer): void {
  const registered = [...modules.values()].filter(({ providers }) =>
    providers.has(engineToken(name)),
  );
  if (registered.length < 2) return;
  throw new ConfigInvalidError([
    {
      field: 'register.name',
      value: name,
      message:
        'two calls of RedisModule.forRoot or forRootAsync register a connection of this name',
      remedy:
        'Register it once: it is global unless isGlobal is false, and the module that forRoot returns may be ' +
        "imported several times. For a second Redis, use another name: forRoot(options, { name: 'sessions' }). " +
        'In a test of an application that registers it, use RedisTestingModule.replaceIn(builder)',
    },
  ]);
}

async function startEngine(resolution: Resolution, logger?: RedisLogger): Promise<RedisEngine> {
  const { options, warnings } = await settleSentinels(resolution);
  const engine = await RedisEngine.open(options);
  new RedisEventLogger(engine, warnings, logger).start();
  engine.start();
  return engine;
}

function newCache(
  engine: RedisEngine,
  { namespaces = {}, ...defaults }: ConnectionCacheOptions = {},
): RedisCache {
  const { keyspaces, calendar: clock, bus } = engine;
  const cache = new RedisCache({
    openKeyspace: (name, settings) => keyspaces.open(name, settings),
    clock,
    random: systemRandom,
    bus,
    isReachable: () => engine.connectedOrNull?.tracker.isWritable ?? true,
    defaults,
  });
  for (const [name, options] of Object.entries(namespaces)) cache.namespace(name, options);
  engine.beforeClose(() => cache.close());
  return cache;
}

function asyncProviders(options: RedisAsyncOptions): Provider[] {
  const provide = resolutionToken(options.name ?? DEFAULT_CONNECTION);
  if ('useFactory' in options) {
    return [
      {
        provide,
        inject: options.inject ?? [],
        useFactory: async (...args: unknown[]) =>
          resolution(await options.useFactory(...args), options),
      },
    ];
  }
  const factory = 'useClass' in options ? options.useClass : options.useExisting;
  const fromFactory: Provider = {
    provide,
    inject: [factory],
    useFactory: async (source: RedisOptionsFactory<RedisHaOptions | OptionsOverEnvironment>) =>
      resolution(await optionsOf(source), options),
  };
  return 'useClass' in options ? [options.useClass, fromFactory] : [fromFactory];
}

function optionsOf<T>(source: RedisOptionsFactory<T>): T | Promise<T> {
  if (typeof (source as Partial<RedisOptionsFactory<T>>).createRedisOptions === 'function')
    return source.createRedisOptions();
  throw new ConfigInvalidError([
    {
      field: 'register.useClass',
      value: '(an object)',
      message: 'the class, or what useExisting names, has no method createRedisOptions',
      remedy: "For example: createRedisOptions() { return { mode: 'standalone' }; }",
    },
  ]);
}
