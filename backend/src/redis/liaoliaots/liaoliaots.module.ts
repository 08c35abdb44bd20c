import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  RedisModule as NamedClientsModule,
  type RedisModuleAsyncOptions,
  type RedisModuleOptions,
} from '@liaoliaots/nestjs-redis';
import type { DriverOptions } from '../cluster/connection/index.js';
import {
  anything,
  connectionName,
  isGiven,
  option,
  OptionSet,
  rule,
  type RowsOf,
} from '../base/options/index.js';
import type { RedisEngine } from '../engine/index.js';
import { engineToken, noConnection, type RedisService, redisToken } from '../nest/index.js';
import { namespaces as clientNames } from './client-names.js';
import { namedClientOptions } from './named-clients.js';

/** The named clients, and the connection they belong to. */
export interface LiaoliaotsRedisOptions {
  /** Their names, for `getOrThrow(name)`. @defaultValue ['default'] */
  readonly namespaces?: readonly string[];
  /** Name of the connection they belong to, when there are several. @defaultValue 'default' */
  readonly name?: string;
  /** Options of ioredis for all clients. They win, except for where to connect. */
  readonly options?: DriverOptions;
  /** Modules that export the connection, if it was registered with `isGlobal: false`. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

const ROWS = {
  namespaces: option(clientNames, ['default']),
  name: option(connectionName, 'default'),
  options: option(rule<DriverOptions>('an object of options of ioredis', isGiven), {}),
  imports: option(anything<NonNullable<ModuleMetadata['imports']>>(), []),
} satisfies RowsOf<LiaoliaotsRedisOptions>;

/** The options of the named clients. */
export const NAMED_CLIENTS = new OptionSet(ROWS, {
  path: '',
  example: "{ namespaces: ['jobs', 'limits'] }",
});

/**
 * The named clients of `@liaoliaots/nestjs-redis`, which here follow the primary of a connection of this
 * library and are closed with it. Needs `RedisModule`. Register it once in an application.
 */
@Module({})
export class LiaoliaotsRedisModule {
  /**
   * Registers one client for each namespace. Inject `RedisService` of `@liaoliaots/nestjs-redis`.
   *
   * @throws ConfigInvalidError when a namespace is empty or there twice; at start also when there is no
   * connection of that name.
   */
  static forRoot(given: LiaoliaotsRedisOptions = {}): DynamicModule {
    const { namespaces, name, options, imports } = NAMED_CLIENTS.resolve(given);
    const register: RedisModuleAsyncOptions = {
      imports: [...imports],
      // The connection is injected so that its engine exists, which no module exports.
      inject: [
        { token: ModuleRef, optional: false },
        { token: redisToken(name), optional: true },
      ],
      useFactory: (...deps: unknown[]): RedisModuleOptions => {
        const [moduleRef, redis] = deps as [ModuleRef, RedisService | undefined];
        if (redis === undefined) throw noConnection('name', name);
        const engine = moduleRef.get<RedisEngine>(engineToken(redis.name), { strict: false });
        return namedClientOptions(engine, namespaces, options);
      },
    };
    return {
      module: LiaoliaotsRedisModule,
      imports: [NamedClientsModule.forRootAsync(register, true)],
    };
  }
}
