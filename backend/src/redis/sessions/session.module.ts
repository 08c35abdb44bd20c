import {
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
} from '@nestjs/common';
import type { RedisKeyspaces } from '../engine/index.js';
import { redisKeyspacesToken } from '../nest/index.js';
import type { SessionArchive } from './archive/index.js';
import { type SessionOptions, SessionService } from './service/index.js';
import { SESSION_TOKEN_SOURCE, SessionGuard } from './session.guard.js';
import { openSessions } from './session-wiring.js';
import { TokenSource, type TokenSourceOptions } from './token-source.js';

/** Sessions, and how requests carry their tokens. */
export interface SessionModuleOptions extends SessionOptions, TokenSourceOptions {}

/** How the module is registered. */
export interface SessionRegisterOptions {
  /** The keyspace in Redis. @defaultValue 'sessions' */
  readonly keyspace?: string;
  /** Name of the connection, when there are several. @defaultValue 'default' */
  readonly connection?: string;
  /** Token of a provider that is a `SessionArchive`; instead of `archive`. */
  readonly archiveProvider?: InjectionToken<SessionArchive>;
  /** Modules that export the providers injected here. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /** Whether every module may inject what this one exports. @defaultValue true */
  readonly isGlobal?: boolean;
}

/** Options that are not known at registration. */
export interface SessionAsyncOptions extends SessionRegisterOptions {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the injected values have whatever types their providers have
  readonly useFactory: (...args: any[]) => SessionModuleOptions | Promise<SessionModuleOptions>;
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
}

const OPTIONS = Symbol.for('nestjs-redis-ha.session-options');
const ARCHIVE = Symbol.for('nestjs-redis-ha.session-archive');

/** `SessionService` and `SessionGuard` for a Nest application. Needs `RedisModule`. */
@Module({})
export class SessionModule {
  /** Registers sessions with these options. */
  static forRoot(options: SessionModuleOptions & SessionRegisterOptions = {}): DynamicModule {
    const { keyspace, connection, archiveProvider, imports, isGlobal, ...rest } = options;
    const given = { keyspace, connection, archiveProvider, imports, isGlobal };
    return toModule(given, { provide: OPTIONS, useValue: rest });
  }

  /** Registers sessions with options from a factory. */
  static forRootAsync(options: SessionAsyncOptions): DynamicModule {
    const { useFactory, inject = [], ...register } = options;
    return toModule(register, { provide: OPTIONS, inject, useFactory });
  }
}

type Register = {
  readonly [K in keyof SessionRegisterOptions]: SessionRegisterOptions[K] | undefined;
};

function toModule(register: Register, options: Provider): DynamicModule {
  const { archiveProvider, imports = [], isGlobal = true } = register;
  const archive: Provider =
    archiveProvider === undefined
      ? { provide: ARCHIVE, useValue: null }
      : { provide: ARCHIVE, useExisting: archiveProvider };
  return {
    module: SessionModule,
    global: isGlobal,
    imports,
    providers: [options, archive, ...providersOf(register)],
    exports: [SessionService, SessionGuard, SESSION_TOKEN_SOURCE],
  };
}

function providersOf({ keyspace = 'sessions', connection }: Register): Provider[] {
  return [
    {
      provide: SessionService,
      inject: [redisKeyspacesToken(connection), OPTIONS, ARCHIVE],
      useFactory: (
        keyspaces: RedisKeyspaces,
        options: SessionModuleOptions,
        archive: SessionArchive | null,
      ) =>
        openSessions(keyspaces, keyspace, {
          ...ownOptions(options),
          ...(archive !== null && { archive }),
        }),
    },
    {
      provide: SESSION_TOKEN_SOURCE,
      inject: [OPTIONS],
      useFactory: (options: SessionModuleOptions) => new TokenSource(options),
    },
    SessionGuard,
  ];
}

function ownOptions({
  header: _header,
  cookie: _cookie,
  ...own
}: SessionModuleOptions): SessionOptions {
  return own;
}
