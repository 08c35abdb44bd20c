import { inspect } from 'node:util';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  UseGuards,
  type ArgumentsHost,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { ConfigInvalidError, InvalidArgumentError } from '../base/errors/index.js';
import { KeyRing } from '../base/crypto/index.js';
import { RedisModule } from '../nest/redis.module.js';
import { RedisKeyspaces } from '../engine/redis-keyspaces.js';
import { TableArchive, newSessionWorld } from '../../../test/support/session-rig.js';
import { ManualClock } from '../testing/time/manual-clock.js';
import type { ScriptedKeyspace } from '../../../test/support/scripted-keyspace.js';
import {
  AllowAnonymous,
  CurrentSession,
  SessionGuard,
  SessionModule,
  SessionService,
  SessionState,
  SessionToken,
  sessionOf,
  type RequestSession,
  type Session,
  type SessionArchive,
  type SessionModuleOptions,
  type SessionRegisterOptions,
} from './index.js';
import { newToken } from './record/session-token.js';

@Controller()
class Pages {
  constructor(private readonly sessions: SessionService) {}

  @AllowAnonymous()
  @Post('login')
  async login(): Promise<string> {
    return (await this.sessions.create({ userId: 'ann', data: {} })).token;
  }

  @Get('me')
  me(@CurrentSession() session: Session, @SessionToken() token: string): object {
    return { userId: session.userId, token };
  }

  @Post('logout')
  async logout(@SessionToken() token: string): Promise<void> {
    await this.sessions.destroy(token);
  }

  @AllowAnonymous()
  @Get('home')
  home(@CurrentSession() session: Session | null, @SessionToken() token: string | null): object {
    return { userId: session?.userId ?? null, token };
  }

  @AllowAnonymous()
  @Get('home-token')
  homeToken(@SessionToken() token: string | null): object {
    return { token };
  }

  @AllowAnonymous()
  @Get('known')
  known(@SessionState() { state }: RequestSession): object {
    return { state };
  }

  @AllowAnonymous({ whenUnknown: 'refuse' })
  @Get('careful')
  careful(): string {
    return 'careful';
  }
}

@AllowAnonymous()
@Controller('public')
class PublicPages {
  @Get()
  page(): string {
    return 'public';
  }
}

@UseGuards(SessionGuard)
@Controller('guarded')
class GuardedPages {
  @Get()
  page(@CurrentSession() { userId }: Session): string {
    return userId;
  }
}

@Module({ controllers: [GuardedPages] })
class GuardedModule {}

const running: INestApplication[] = [];
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

const ADAPTERS = ['express', 'fastify'] as const;

const NO_KEYS = { keys: null, plainData: 'read' };
const FAKE_KEYSPACES = {
  clock: new ManualClock(),
  bus: undefined,
  sessions: NO_KEYS,
  beforeClose: () => undefined,
};

/** An application whose sessions stand on this keyspace, with the guard in front of everything. */
async function start(
  keyspace: ScriptedKeyspace,
  adapter: (typeof ADAPTERS)[number],
  options: SessionModuleOptions & SessionRegisterOptions = {},
): Promise<INestApplication> {
  const { clock, bus } = { clock: keyspace.calendar(), bus: undefined };
  @Module({
    imports: [SessionModule.forRoot(options)],
    controllers: [Pages, PublicPages],
    providers: [{ provide: APP_GUARD, useExisting: SessionGuard }],
  })
  class App {}
  return boot(App, adapter, {
    open: () => keyspace,
    clock,
    bus,
    sessions: NO_KEYS,
    beforeClose: () => undefined,
  });
}

async function boot(
  root: Type,
  adapter: (typeof ADAPTERS)[number],
  keyspaces: object,
): Promise<INestApplication> {
  @Module({
    providers: [{ provide: RedisKeyspaces, useValue: keyspaces }],
    exports: [RedisKeyspaces],
  })
  class FakeRedisModule {}
  const module = await Test.createTestingModule({
    imports: [{ module: FakeRedisModule, global: true }, root],
  }).compile();
  module.useLogger(false);
  const app =
    adapter === 'fastify'
      ? module.createNestApplication(new FastifyAdapter())
      : module.createNestApplication();
  running.push(app);
  await app.init();
  if (adapter === 'fastify')
    await (app.getHttpAdapter().getInstance() as { ready(): Promise<void> }).ready();
  return app;
}

describe.each(ADAPTERS)('the guard on %s', (adapter) => {
  const world = newSessionWorld();
  let keyspace: ScriptedKeyspace;
  let app: INestApplication;

  beforeEach(async () => {
    keyspace = world.process().keyspace;
    app = await start(keyspace, adapter, { cookie: { name: 'sid' } });
  });

  const get = (path: string): request.Test => request(app.getHttpServer() as never).get(path);
  const login = async (): Promise<string> =>
    (await request(app.getHttpServer() as never).post('/login')).text;

  it('lets a session pass, by its header or its cookie, and hands it to the handler', async () => {
    const token = await login();
    const byHeader = await get('/me').set('Authorization', `Bearer ${token}`);
    expect(byHeader.body).toEqual({ userId: 'ann', token });
    const byCookie = await get('/me').set('Cookie', `a=b; sid=${token}`);
    expect(byCookie.body).toEqual({ userId: 'ann', token });
  });

  it.each([
    ['nothing', {}],
    ['a token that was never given out', { Authorization: `Bearer ${newToken()}` }],
    ['a token that cannot be one', { Authorization: 'Bearer x' }],
    ['another scheme', { Authorization: 'Basic YTpi' }],
    ['a cookie that is nonsense', { Cookie: 'sid=%00;;;=' }],
  ])('answers 401 to %s', async (_, headers) => {
    const answer = await get('/me').set(headers);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ statusCode: 401, code: 'SESSION_INVALID', message: 'Log in' });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('answers 401 after the logout', async () => {
    const token = await login();
    const server = app.getHttpServer() as never;
    await request(server).post('/logout').set('Authorization', `Bearer ${token}`).expect(201);
    await world.clock.advance(2000);
    expect((await get('/me').set('Authorization', `Bearer ${token}`)).status).toBe(401);
  });

  it('answers 503 and not 401 while nobody can tell, and says when to try again', async () => {
    const token = await login();
    keyspace.memory.clear();
    keyspace.goAway();
    const answer = await get('/me').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ statusCode: 503, code: 'SESSION_UNAVAILABLE' });
    expect(answer.headers['retry-after']).toBe('1');
    keyspace.comeBack();
    expect((await get('/me').set('Authorization', `Bearer ${token}`)).status).toBe(200);
  });

  it('answers 500 to what is no failure of sessions', async () => {
    const token = await login();
    keyspace.readError = new TypeError('broken');
    expect((await get('/me').set('Authorization', `Bearer ${token}`)).status).toBe(500);
  });

  it('lets everybody pass where that is allowed, with their session if they have one', async () => {
    const token = await login();
    expect((await get('/public')).text).toBe('public');
    expect((await get('/home')).body).toEqual({ userId: null, token: null });
    const own = await get('/home').set('Authorization', `Bearer ${token}`);
    expect(own.body).toEqual({ userId: 'ann', token });
  });

  describe('where everybody may pass, while nobody can tell whose session a token is', () => {
    let token: string;
    const during = (path: string): request.Test =>
      get(path).set('Authorization', `Bearer ${token}`);
    beforeEach(async () => {
      token = await login();
      keyspace.memory.clear();
      keyspace.goAway();
    });

    it('hands on requests that ask for no session', async () => {
      expect((await during('/public')).text).toBe('public');
    });

    it('tells handlers that ask what is known', async () => {
      expect((await during('/known')).body).toEqual({ state: 'unknown' });
      expect((await get('/known')).body).toEqual({ state: 'none' });
      const forged = await get('/known').set('Authorization', 'Bearer x');
      expect(forged.body).toEqual({ state: 'none' });
      keyspace.comeBack();
      expect((await during('/known')).body).toEqual({ state: 'valid' });
    });

    it.each(['/home', '/home-token', '/careful'])(
      'answers 503 to %s, which would take its user for nobody',
      async (path) => {
        const answer = await during(path);
        expect(answer.status).toBe(503);
        expect(answer.body).toMatchObject({ statusCode: 503, code: 'SESSION_UNAVAILABLE' });
        expect(answer.headers['retry-after']).toBe('1');
        expect((await get(path)).status).toBe(200);
      },
    );
  });

  it('refuses rules that cannot be used', () => {
    expect(() => AllowAnonymous({ whenUnknown: 'deny' as never })).toThrow(InvalidArgumentError);
  });
});

describe('the session of a request', () => {
  it('is not shown where a request is logged', () => {
    const world = newSessionWorld();
    const keyspace = world.process().keyspace;
    const seen: object = {};
    expect(sessionOf(seen)).toEqual({ state: 'none' });
    return start(keyspace, 'express').then(async (app) => {
      const guard = app.get(SessionGuard);
      const { token } = await app.get(SessionService).create({ userId: 'ann', data: {} });
      const incoming = { headers: { authorization: `Bearer ${token}` } };
      const context = {
        getHandler: () => Pages.prototype.me,
        getClass: () => Pages,
        getType: () => 'http',
        switchToHttp: () => ({ getRequest: () => incoming, getResponse: () => ({}) }),
      };
      expect(await guard.canActivate(context as never)).toBe(true);
      expect(sessionOf(incoming)).toMatchObject({
        state: 'valid',
        token,
        session: { userId: 'ann' },
      });
      expect(sessionOf({ ...incoming })).toEqual({ state: 'none' });
    });
  });

  it.each(ADAPTERS)(
    'is refused on %s where no guard has looked: everybody would pass, and be taken for nobody',
    async (adapter) => {
      const reached: string[] = [];
      @Controller('unguarded')
      class Unguarded {
        @Get('session')
        session(@CurrentSession() session: Session | null): void {
          reached.push(session?.userId ?? 'nobody');
        }
        @Get('token')
        token(@SessionToken() token: string | null): void {
          reached.push(token ?? 'no token');
        }
        @AllowAnonymous()
        @Get('state')
        state(@SessionState() { state }: RequestSession): void {
          reached.push(state);
        }
      }
      const said: unknown[] = [];
      const listening = {
        catch: (error: unknown, host: ArgumentsHost) => {
          said.push(error);
          host
            .switchToHttp()
            .getResponse<{ status(code: number): { send(body: string): void } }>()
            .status(500)
            .send('');
        },
      };
      @Module({
        imports: [SessionModule.forRoot()],
        controllers: [Unguarded],
        providers: [{ provide: APP_FILTER, useValue: listening }],
      })
      class App {}
      const app = await boot(App, adapter, {
        ...FAKE_KEYSPACES,
        open: () => newSessionWorld().process().keyspace,
      });
      for (const path of ['session', 'token', 'state'])
        await request(app.getHttpServer() as never)
          .get(`/unguarded/${path}`)
          .expect(500);
      expect(reached).toEqual([]);
      expect(said.map(String)).toEqual([
        expect.stringContaining(
          '@CurrentSession() of Unguarded.session = (not set): no SessionGuard has looked at this request',
        ),
        expect.stringContaining('@SessionToken() of Unguarded.token'),
        expect.stringContaining('Put @UseGuards(SessionGuard) on it'),
      ]);
    },
  );

  it('can be asked for where a request is something else than one of HTTP', async () => {
    @Injectable()
    class GraphGuard extends SessionGuard {
      protected override requestOf(context: never): { headers: Record<string, string> } {
        return (context as { request: { headers: Record<string, string> } }).request;
      }
    }
    const app = await start(newSessionWorld().process().keyspace, 'express');
    const guard = new GraphGuard(
      app.get(SessionService),
      Reflect.get(app.get(SessionGuard), 'source') as never,
      Reflect.get(app.get(SessionGuard), 'reflector') as never,
    );
    const context = {
      getHandler: () => Pages.prototype.me,
      getClass: () => Pages,
      getType: () => 'graphql',
      request: { headers: {} },
    };
    await expect(guard.canActivate(context as never)).rejects.toMatchObject({ status: 401 });
  });
});

describe('the module of sessions', () => {
  const open = async (root: Type): Promise<INestApplication> => {
    const module = await Test.createTestingModule({
      imports: [RedisModule.forRoot({ mode: 'memory' }), root],
    }).compile();
    module.useLogger(false);
    const app = module.createNestApplication();
    running.push(app);
    return app.init();
  };

  it('works without any Redis, in memory mode, and other modules can use the guard', async () => {
    @Module({ imports: [SessionModule.forRoot(), GuardedModule] })
    class App {}
    const app = await open(App);
    const sessions = app.get(SessionService);
    const { token } = await sessions.create({ userId: 'ann', data: {} });
    const server = app.getHttpServer() as never;
    const answer = await request(server).get('/guarded').set('Authorization', `Bearer ${token}`);
    expect(answer.text).toBe('ann');
    await sessions.destroy(token);
    await request(server).get('/guarded').set('Authorization', `Bearer ${token}`).expect(401);
    await request(server).get('/guarded').expect(401);
    const forged = await request(server)
      .get('/guarded')
      .set('Authorization', `Bearer ${newToken()}`);
    expect(forged.status).toBe(401);
  });

  it('takes an archive that Nest makes', async () => {
    const archive = new TableArchive();
    @Module({ providers: [{ provide: 'archive', useValue: archive }], exports: ['archive'] })
    class Database {}
    @Module({
      imports: [SessionModule.forRoot({ archiveProvider: 'archive', imports: [Database] })],
    })
    class App {}
    const app = await open(App);
    await app.get(SessionService).create({ userId: 'ann', data: {} });
    expect(archive.rows.size).toBe(1);
  });

  it('takes options that are not known yet', async () => {
    const archive: SessionArchive = new TableArchive();
    @Module({ providers: [{ provide: 'config', useValue: 5000 }], exports: ['config'] })
    class Config {}
    @Module({
      imports: [
        SessionModule.forRootAsync({
          imports: [Config],
          inject: ['config'],
          useFactory: async (idleMs: number) =>
            Promise.resolve({ idleMs, archive, header: 'x-token' }),
          keyspace: 'logins',
        }),
        GuardedModule,
      ],
    })
    class App {}
    const app = await open(App);
    const sessions = app.get(SessionService);
    const { token, session } = await sessions.create({ userId: 'ann', data: {} });
    expect(session.expiresAt - session.createdAt).toBe(5000);
    expect(sessions.keyspace).toMatchObject({ name: 'logins', policy: 'session' });
    const server = app.getHttpServer() as never;
    expect((await request(server).get('/guarded').set('x-token', token)).text).toBe('ann');
  });

  it.each([
    { idleMs: 0 },
    { header: 'two words' },
    { idelMs: 1 } as SessionModuleOptions,
    { archive: {} as SessionArchive },
  ])('refuses options that cannot be used where they are written: %j', async (options) => {
    expect(() => SessionModule.forRoot(options)).toThrow(ConfigInvalidError);
    // Those of a factory are known when the application starts.
    @Module({ imports: [SessionModule.forRootAsync({ useFactory: () => options })] })
    class App {}
    await expect(open(App)).rejects.toThrow(ConfigInvalidError);
  });

  it('encrypts as the connection says, unless it is told otherwise', async () => {
    const [ofConnection, own] = ['c', 'o'].map((letter) => [
      Buffer.alloc(32, letter).toString('base64'),
    ]);
    const redis = {
      mode: 'memory',
      sessions: { keys: ofConnection!, plainData: 'refuse' },
    } as const;
    const depsWith = async (options: SessionModuleOptions): Promise<SessionService['deps']> => {
      @Module({ imports: [RedisModule.forRoot(redis), SessionModule.forRoot(options)] })
      class App {}
      const module = await Test.createTestingModule({ imports: [App] }).compile();
      const { deps } = module.get(SessionService);
      await module.close();
      return deps;
    };
    const idsOf = (keys: readonly string[] | undefined): unknown => KeyRing.of(keys ?? [])?.ids;
    const inherited = await depsWith({});
    expect([inherited.keys?.ids, inherited.plainData]).toEqual([idsOf(ofConnection), 'refuse']);
    const told = await depsWith({ keys: own!, plainData: 'read' });
    expect([told.keys?.ids, told.plainData]).toEqual([idsOf(own), 'read']);
    const unset = { keys: undefined, plainData: undefined } as unknown as SessionModuleOptions;
    const same = await depsWith(unset);
    expect([same.keys?.ids, same.plainData]).toEqual([idsOf(ofConnection), 'refuse']);
  });

  it('asks for keys once, and shows none', async () => {
    const key = Buffer.alloc(32, 'k').toString('base64');
    const asked = jest.fn(() => [key]);
    const module = SessionModule.forRoot({ keys: asked });
    expect(inspect(module, { depth: 20, showHidden: true })).not.toContain(key.slice(0, 12));
    expect(asked).toHaveBeenCalledTimes(1);
    @Module({ imports: [SessionModule.forRootAsync({ useFactory: () => ({ keys: asked }) })] })
    class App {}
    const app = await open(App);
    expect(asked).toHaveBeenCalledTimes(2);
    const shown = inspect(app.get(SessionService), { depth: 20, showHidden: true });
    expect(shown).not.toContain(key.slice(0, 12));
  });

  it('does not start when plain data is refused and there are no keys', async () => {
    @Module({ imports: [SessionModule.forRoot({ plainData: 'refuse' })] })
    class App {}
    await expect(open(App)).rejects.toThrow(/REDIS_SESSIONS_KEYS/);
  });

  it('refuses names that are no options of its registration, with the nearest', () => {
    expect(() => SessionModule.forRoot({ keyspce: 'x' } as SessionModuleOptions)).toThrow(
      'sessions.keyspce = "***": is not an option. Did you mean sessions.keyspace?',
    );
    const misplaced = { useFactory: () => ({}), idleMs: 5 };
    expect(() => SessionModule.forRootAsync(misplaced)).toThrow('sessions.idleMs');
  });

  it('waits for what is under way before connections are closed', async () => {
    const world = newSessionWorld();
    const { keyspace } = world.process();
    const closers: (() => Promise<void> | void)[] = [];
    @Module({ imports: [SessionModule.forRoot()] })
    class App {}
    const app = await boot(App, 'express', {
      open: () => keyspace,
      clock: keyspace.calendar(),
      sessions: NO_KEYS,
      beforeClose: (run: () => void) => closers.push(run),
    });
    const sessions = app.get(SessionService);
    const { token } = await sessions.create({ userId: 'ann', data: {} });
    await world.clock.advance(60_000);
    let letGo: () => void = () => undefined;
    keyspace.beforeWrite = () => new Promise((resolve) => (letGo = resolve));
    await sessions.read(token);
    expect(closers).toHaveLength(1);
    let isClosed = false;
    const closing = Promise.resolve(closers[0]?.()).then(() => (isClosed = true));
    await world.clock.advance(0);
    expect(isClosed).toBe(false);
    letGo();
    await closing;
  });
});
