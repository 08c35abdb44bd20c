import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ConfigInvalidError, type Problem } from '../../base/errors/index.js';
import {
  anything,
  connectionName,
  nearestName,
  option,
  OptionSet,
  text,
  type RowsOf,
} from '../../base/options/index.js';
import { type Clock, SystemClock } from '../../base/timing/index.js';
import { DEFAULT_CONNECTION, resolveOptions, type Resolution } from '../../config/index.js';
import { RedisEngine } from '../../engine/index.js';
import {
  connectionsIn,
  engineToken,
  RedisModule,
  registeredToken,
  type RegisterOptions,
  refuseSecond,
  resolutionToken,
} from '../../nest/index.js';
import { newMemoryStandIn } from './memory-group.js';

/** The Redis in memory that stands in the place of a real one. */
export interface RedisStandInOptions {
  /**
   * A `ManualClock`, with which the test moves expiry, the age of cached values and the end of sessions.
   *
   * @defaultValue the time of this machine
   */
  readonly clock?: Clock;
  /** What is put before each key, as `node.keyPrefix` of the application is. @defaultValue '' */
  readonly keyPrefix?: string;
  /** Name of the connection, when there are several. @defaultValue 'default' */
  readonly name?: string;
}

/** Options of {@link RedisTestingModule.forTest}: also those of the second argument of `RedisModule.forRoot`. */
export interface RedisTestingOptions extends RegisterOptions, RedisStandInOptions {}

const STAND_IN_ROWS = {
  clock: option(anything<Clock>(), null),
  keyPrefix: option(text(), ''),
  name: option(connectionName, DEFAULT_CONNECTION),
} satisfies RowsOf<RedisStandInOptions>;
const STAND_IN = new OptionSet(STAND_IN_ROWS, {
  path: 'test',
  example: 'RedisTestingModule.replaceIn(builder, { clock })',
});
/** The names only: what is registered is checked where `RedisModule` does so. */
const FOR_TEST = new OptionSet(
  {
    ...STAND_IN_ROWS,
    isGlobal: option(anything(), null),
    cache: option(anything(), null),
    overEnvironment: option(anything(), null),
  },
  { path: 'test', example: 'RedisTestingModule.forTest({ clock })' },
);

/** A builder of `@nestjs/testing`, as far as it is needed here. */
export interface OverridableBuilder {
  overrideProvider(token: InjectionToken): {
    useFactory(options: {
      factory: (modules: ModulesContainer) => unknown;
      inject: [typeof ModulesContainer];
    }): unknown;
  };
}

/**
 * `RedisModule` for unit tests: the same `RedisService`, `RedisCache` and sessions on a Redis in the memory
 * of the test. No server, no network, no timer that stays. A command that it does not know is refused with
 * `TEST_UNSUPPORTED`.
 */
@Module({})
export class RedisTestingModule {
  /** Registers a connection, in the place of `RedisModule.forRoot()`. */
  static forTest(options: RedisTestingOptions = {}): DynamicModule {
    FOR_TEST.resolve(options);
    const { clock, keyPrefix, ...register } = options;
    const standIn = providersFor({
      name: register.name,
      clock,
      keyPrefix,
    });
    const real = RedisModule.forRoot({ mode: 'memory' }, register);
    const replaced = new Set(standIn.map(({ provide }) => provide));
    const others = (real.providers ?? []).filter((one) => !replaced.has(tokenOf(one)));
    return { ...real, module: RedisTestingModule, providers: [...standIn, ...others] };
  }

  /**
   * Replaces the Redis of an application that imports `RedisModule` itself. Its modules, caches and sessions stay
   * as they are registered. Called once for each connection that has a name.
   */
  static replaceIn<T extends OverridableBuilder>(builder: T, options: RedisStandInOptions = {}): T {
    const names = replacedIn.get(builder) ?? new Set();
    replacedIn.set(builder, names.add(options.name ?? DEFAULT_CONNECTION));
    const check: StandInProvider = {
      provide: registeredToken('RedisModule'),
      inject: [ModulesContainer],
      useFactory: (modules) => refuseUnknown(names, connectionsIn(modules)),
    };
    for (const { provide, inject, useFactory } of [...providersFor(options), check]) {
      builder.overrideProvider(provide).useFactory({ factory: useFactory, inject });
    }
    return builder;
  }
}

/** The names that were replaced in each builder: Nest keeps only the last of several overrides of one provider. */
const replacedIn = new WeakMap<OverridableBuilder, Set<string>>();

/** Nest says nothing when a provider is overridden that nobody has: the test would run on the real Redis. */
function refuseUnknown(names: Iterable<string>, registered: ReadonlySet<string>): true {
  const unknown = [...names].filter((name) => !registered.has(name));
  if (unknown.length === 0) return true;
  throw new ConfigInvalidError(unknown.map((name) => unknownConnection(name, [...registered])));
}

function unknownConnection(name: string, registered: readonly string[]): Problem {
  const [first = name] = registered;
  const example = nearestName(name, registered) ?? first;
  const options = example === DEFAULT_CONNECTION ? '' : `, { name: '${example}' }`;
  return {
    field: 'test.name',
    value: name,
    message: 'no module registers a connection of this name, so nothing would be replaced',
    remedy: `There are: ${registered.join(', ')}. For example: RedisTestingModule.replaceIn(builder${options})`,
  };
}

type Given = { readonly [K in keyof RedisStandInOptions]?: RedisStandInOptions[K] | undefined };

interface StandInProvider extends FactoryProvider {
  readonly inject: [typeof ModulesContainer];
  readonly useFactory: (modules: ModulesContainer) => unknown;
}

// Without the options of the application: they may name what a test does not have, such as certificates.
function providersFor(given: Given): StandInProvider[] {
  const { name, clock, keyPrefix } = STAND_IN.resolve(given);
  // Nobody looks for hot keys in a test, and no timer says when.
  const hotKeys = { level: 'off' } as const;
  const near = { prefixes: [''] };
  const resolution = resolveOptions(
    { mode: 'standalone', node: { keyPrefix }, hotKeys, near },
    name,
  );
  return [
    { provide: resolutionToken(name), inject: [ModulesContainer], useFactory: () => resolution },
    {
      provide: engineToken(name),
      inject: [ModulesContainer],
      useFactory: (modules) => {
        refuseSecond(name, modules);
        return newEngine(resolution, clock);
      },
    },
  ];
}

function newEngine({ options }: Resolution, clock: Clock | null): RedisEngine {
  const time = clock ?? new SystemClock();
  const engine = new RedisEngine(options, time, undefined, (bus) =>
    newMemoryStandIn(options, time, bus),
  );
  engine.start();
  return engine;
}

function tokenOf(provider: Provider): InjectionToken {
  return typeof provider === 'function' ? provider : provider.provide;
}
