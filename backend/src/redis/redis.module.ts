import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import {
  DEFAULT_CONNECTION,
  resolveFromEnv,
  resolveOptions,
  type RedisHaOptions,
  type Resolution,
} from './config/index.js';
import { RedisEngine } from './redis.engine.js';
import { RedisEventLogger } from './redis.event-logger.js';
import { RedisService } from './redis.service.js';
import { redisToken } from './redis.tokens.js';

/** How a module is registered, apart from the options of Redis itself. */
export interface RegisterOptions {
  /** Name of the connection, when there are several. @defaultValue 'default' */
  readonly name?: string;
  /** Whether every module may inject it without importing this one. @defaultValue true */
  readonly isGlobal?: boolean;
}

/** Makes the options, for `useClass` and `useExisting`. */
export interface RedisOptionsFactory {
  createRedisOptions(): RedisHaOptions | Promise<RedisHaOptions>;
}

interface AsyncBase extends RegisterOptions {
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** Where the options come from when they are not known yet. */
export type RedisAsyncOptions = AsyncBase &
  (
    | {
        // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the injected values have whatever types their providers have
        readonly useFactory: (...args: any[]) => RedisHaOptions | Promise<RedisHaOptions>;
        readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
      }
    | { readonly useClass: Type<RedisOptionsFactory> }
    | { readonly useExisting: InjectionToken<RedisOptionsFactory> }
  );

/**
 * Redis for a Nest application. `RedisModule.forRoot()` reads the environment; nothing in the code
 * differs between one Redis on a laptop and a Sentinel cluster in production.
 */
@Module({})
export class RedisModule {
  /** Registers a connection; without options the environment says where (`docs/configuration.md`). */
  static forRoot(options?: RedisHaOptions, register: RegisterOptions = {}): DynamicModule {
    const name = register.name ?? DEFAULT_CONNECTION;
    const resolve = (): Resolution =>
      options === undefined ? resolveFromEnv(undefined, name) : resolveOptions(options, name);
    return toModule(register, [], [{ provide: resolutionToken(name), useFactory: resolve }]);
  }

  /** Registers a connection whose options come from elsewhere, such as a ConfigService. */
  static forRootAsync(options: RedisAsyncOptions): DynamicModule {
    const name = options.name ?? DEFAULT_CONNECTION;
    return toModule(options, options.imports ?? [], asyncProviders(options, name));
  }
}

function toModule(
  { name = DEFAULT_CONNECTION, isGlobal = true }: RegisterOptions,
  imports: NonNullable<ModuleMetadata['imports']>,
  providers: Provider[],
): DynamicModule {
  const service: FactoryProvider<RedisService> = {
    provide: redisToken(name),
    inject: [resolutionToken(name)],
    useFactory: ({ options, warnings }: Resolution) => {
      const engine = new RedisEngine(options);
      new RedisEventLogger(engine, warnings).start();
      engine.start();
      return new RedisService(engine);
    },
  };
  return {
    module: RedisModule,
    global: isGlobal,
    imports,
    providers: [...providers, service],
    exports: [redisToken(name)],
  };
}

function asyncProviders(options: RedisAsyncOptions, name: string): Provider[] {
  const provide = resolutionToken(name);
  if ('useFactory' in options) {
    return [
      {
        provide,
        inject: options.inject ?? [],
        useFactory: async (...args: unknown[]) =>
          resolveOptions(await options.useFactory(...args), name),
      },
    ];
  }
  const factory = 'useClass' in options ? options.useClass : options.useExisting;
  const fromFactory: Provider = {
    provide,
    inject: [factory],
    useFactory: async (source: RedisOptionsFactory) =>
      resolveOptions(await source.createRedisOptions(), name),
  };
  return 'useClass' in options ? [options.useClass, fromFactory] : [fromFactory];
}

function resolutionToken(name: string): symbol {
  return Symbol.for(`nestjs-redis-ha.options.${name}`);
}
