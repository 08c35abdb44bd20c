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
import { ConfigInvalidError } from '../base/errors/index.js';
import {
  aFunction,
  anything,
  connectionName,
  flag,
  option,
  OptionSet,
  required,
  text,
  type RowsOf,
} from '../base/options/index.js';
import type { KeyRing } from '../base/crypto/index.js';
import type { RedisKeyspaces } from '../engine/index.js';
import { byForRoot, noConnection, redisKeyspacesToken, refuseBare } from '../nest/index.js';
import type { SessionArchive } from './archive/session-archive.js';
import { SESSION_ROWS, type SessionOptions } from './service/session-options.js';
import { SessionService } from './service/session-service.js';
import { SESSION_TOKEN_SOURCE, SessionGuard } from './session.guard.js';
import { TOKEN_ROWS, TokenSource, type TokenSourceOptions } from './token-source.js';

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

const REGISTER_ROWS = {
  keyspace: option(text(), 'sessions'),
  connection: option(connectionName, 'default'),
  archiveProvider: option(anything<InjectionToken<SessionArchive>>(), null),
  imports: option(anything<NonNullable<ModuleMetadata['imports']>>(), []),
  isGlobal: option(flag, true),
} satisfies RowsOf<SessionRegisterOptions>;
const OWN_ROWS = { ...SESSION_ROWS, ...TOKEN_ROWS } satisfies RowsOf<SessionModuleOptions>;
const LIVES =
  'Write idleMs, how long a session may be unused, and absoluteMs, how long it may live';
const shared = { path: 'sessions', foreign: { ttl: LIVES, ttlMs: LIVES, maxAge: LIVES } };
const OWN = new OptionSet(OWN_ROWS, shared);
/** The options of `forRoot`. */
export const SESSION_MODULE = new OptionSet(
  { ...OWN_ROWS, ...REGISTER_ROWS },
  { ...shared, example: '{ idleMs: 1_800_000 }' },
);
const ASYNC = new OptionSet(
  {
    ...REGISTER_ROWS,
    useFactory: required(aFunction<SessionAsyncOptions['useFactory']>()),
    inject: option(anything<NonNullable<SessionAsyncOptions['inject']>>(), []),
  } satisfies RowsOf<SessionAsyncOptions>,
  { path: 'sessions', example: '{ inject: […], useFactory: (…) => ({ … }) }' },
);

const OPTIONS = Symbol.for('nestjs-redis-ha.session-options');
const ARCHIVE = Symbol.for('nestjs-redis-ha.session-archive');

/** `SessionService` and `SessionGuard` for a Nest application. Needs `RedisModule`. */
@Module({})
export class SessionModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    refuseBare('SessionModule', modules);
  }

  /**
   * Registers sessions with these options.
   *
   * @throws ConfigInvalidError (`CONFIG_INVALID`) that lists every option that cannot be used.
   */
  static forRoot(options: SessionModuleOptions & SessionRegisterOptions = {}): DynamicModule {
    const { keys } = SESSION_MODULE.resolve(options);
    const { keyspace, connection, archiveProvider, imports, isGlobal, ...rest } = options;
    const given = { keyspace, connection, archiveProvider, imports, isGlobal };
    return toModule(given, { provide: OPTIONS, useValue: withRing(rest, keys) });
  }

  /** Registers sessions with options from a factory. */
  static forRootAsync(options: SessionAsyncOptions): DynamicModule {
    ASYNC.resolve(options);
    const { useFactory, inject = [], ...register } = options;
    const checked = async (...deps: unknown[]): Promise<SessionModuleOptions> => {
      const given = await useFactory(...deps);
      return withRing(given, OWN.resolve(given).keys);
    };
    return toModule(register, { provide: OPTIONS, inject, useFactory: checked });
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
    providers: [byForRoot('SessionModule'), options, archive, ...providersOf(register)],
    exports: [SessionService, SessionGuard, SESSION_TOKEN_SOURCE],
  };
}

function providersOf({ keyspace = 'sessions', connection }: Register): Provider[] {
  return [
    {
      provide: SessionService,
      inject: [
        { token: redisKeyspacesToken(connection), optional: true },
        OPTIONS,
        ARCHIVE,
        ModulesContainer,
      ],
      useFactory: (
        keyspaces: RedisKeyspaces | undefined,
        options: SessionModuleOptions,
        archive: SessionArchive | null,
        modules: ModulesContainer,
      ) => {
        refuseSecondGlobal(modules);
        if (keyspaces === undefined) throw noConnection('sessions.connection', connection);
        return openSessions(keyspaces, keyspace, {
          ...ownOptions(options),
          ...keysOf(keyspaces, options),
          ...(archive !== null && { archive }),
        });
      },
    },
    {
      provide: SESSION_TOKEN_SOURCE,
      inject: [OPTIONS],
      useFactory: ({ header, cookie }: SessionModuleOptions) =>
        new TokenSource({ ...(header && { header }), ...(cookie && { cookie }) }),
    },
    SessionGuard,
  ];
}

// Which of two is injected would depend on the order of imports, and so would how long a login lasts.
function refuseSecondGlobal(modules: ModulesContainer): void {
  const global = [...modules.values()].filter(
    ({ isGlobal, providers }) => isGlobal && providers.has(OPTIONS),
  );
  if (global.length < 2) return;
  throw new ConfigInvalidError([
    {
      field: 'sessions.isGlobal',
      value: true,
      message:
        'two calls of SessionModule.forRoot or forRootAsync register sessions for every module',
      remedy:
        'Register it once. For other sessions beside these, give one of them isGlobal: false and a keyspace of ' +
        'its own, and import it where they are used',
    },
  ]);
}

/** Opens the sessions of a connection. */
function openSessions(
  keyspaces: RedisKeyspaces,
  name: string,
  options: SessionOptions,
): SessionService {
  const { clock, bus } = keyspaces;
  const keyspace = keyspaces.open(name, { policy: 'session', nearMs: 0, maxStaleMs: 0 });
  const sessions = new SessionService(keyspace, options, { clock, bus });
  keyspaces.beforeClose(() => sessions.close());
  return sessions;
}

// A ring shows no key, however it is printed, and a function that returns keys is called once.
function withRing(options: SessionModuleOptions, keys: KeyRing | null): SessionModuleOptions {
  return keys === null ? options : { ...options, keys };
}

/** How the data is encrypted: as these options say, else as the connection says of all its sessions. */
function keysOf(
  { sessions }: RedisKeyspaces,
  { keys = sessions.keys ?? undefined, plainData = sessions.plainData }: SessionModuleOptions,
): SessionOptions {
  return keys === undefined ? { plainData } : { keys, plainData };
}

function ownOptions({
  header: _header,
  cookie: _cookie,
  ...own
}: SessionModuleOptions): SessionOptions {
  return own;
}
