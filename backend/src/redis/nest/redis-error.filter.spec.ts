import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Injectable,
  type INestApplication,
  Logger,
  Module,
  NotFoundException,
  Param,
  Res,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type * as catalogue from '../base/errors/index.js';
import {
  CommandRejectedError,
  CommandUncertainError,
  InvalidArgumentError,
  LoaderFailedError,
  NoPrimaryError,
  SessionInvalidError,
} from '../base/errors/index.js';
import { LogLines } from '../../../test/support/apps.js';
import { RedisErrorFilter } from './redis-error.filter.js';

const SECRET = 'planted-S3cret';

function foreignCopy(): typeof catalogue {
  let other!: typeof catalogue;
  jest.isolateModules(() => {
    other = jest.requireActual('../base/errors/index.js');
  });
  return other;
}

const ERRORS: Readonly<Record<string, () => Error>> = {
  'no-primary': () => new NoPrimaryError(`${SECRET} 10.0.0.1:6379`, { primary: SECRET }),
  'other-copy': () => new (foreignCopy().NoPrimaryError)(SECRET),
  uncertain: () => new CommandUncertainError(SECRET),
  oom: () => new CommandRejectedError(SECRET, { reply: 'OOM' }),
  wrongtype: () => new CommandRejectedError(SECRET, { command: 'lpush', reply: 'WRONGTYPE' }),
  script: () =>
    new CommandRejectedError(SECRET, { command: 'evalsha', reply: 'ERR' }, { cause: SECRET }),
  'busy-script': () => new CommandRejectedError(SECRET, { command: 'fcall', reply: 'BUSY' }),
  argument: () =>
    new InvalidArgumentError({ field: 'a', value: SECRET, message: 'b', remedy: 'c' }),
  session: () => new SessionInvalidError(SECRET, { reason: 'expired' }),
  loader: () => new LoaderFailedError(SECRET, {}, { cause: new TypeError(SECRET) }),
  'loader-404': () =>
    new LoaderFailedError(SECRET, {}, { cause: new NotFoundException('no such product') }),
  'own-404': () => new NotFoundException('no such page'),
  bug: () => new TypeError(SECRET),
};

@Injectable()
class Thrower {
  throw(what: string): never {
    throw ERRORS[what]!();
  }
}

@Controller('errors')
class Plain {
  constructor(private readonly thrower: Thrower) {}
  @Get('begun')
  begun(@Res() response: { raw?: NodeJS.WritableStream; write?(text: string): void }): void {
    (response.raw ?? (response as NodeJS.WritableStream)).write('half of');
    this.thrower.throw('no-primary');
  }
  @Get(':what')
  get(@Param('what') what: string): void {
    this.thrower.throw(what);
  }
}

@Catch()
class CatchesAll implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{
      status(code: number): { send(body: object): void };
    }>();
    response.status(418).send({ caught: error.name });
  }
}

@UseFilters(RedisErrorFilter)
@Controller('errors')
class Filtered extends Plain {}

@Module({ controllers: [Filtered], providers: [Thrower] })
class PerController {}

@Module({
  controllers: [Plain],
  providers: [Thrower, { provide: APP_FILTER, useClass: RedisErrorFilter }],
})
class Global {}

@Module({
  controllers: [Plain],
  providers: [
    Thrower,
    { provide: APP_FILTER, useClass: CatchesAll },
    { provide: APP_FILTER, useClass: RedisErrorFilter },
  ],
})
class BesideOne {}

const running: INestApplication[] = [];
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

const ADAPTERS = ['express', 'fastify'] as const;
const PLACES = [
  ['the whole application', Global],
  ['one controller', PerController],
] as const;

async function start(
  adapter: (typeof ADAPTERS)[number],
  root: Type,
): Promise<{ get(path: string): Promise<Response>; log: LogLines }> {
  const log = new LogLines();
  const module = await Test.createTestingModule({ imports: [root] }).compile();
  module.useLogger(log);
  const app = module.createNestApplication(
    adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
  );
  running.push(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return { get: (path) => fetch(`${url}/errors/${path}`), log };
}

describe.each(ADAPTERS.flatMap((adapter) => PLACES.map((place) => [adapter, ...place] as const)))(
  'RedisErrorFilter on %s, for %s',
  (adapter, _, root) => {
    it.each([
      ['no-primary', 503, 'NO_PRIMARY', '1'],
      ['other-copy', 503, 'NO_PRIMARY', '1'],
      ['oom', 503, 'COMMAND_REJECTED', '1'],
      ['loader', 503, 'LOADER_FAILED', '1'],
      ['uncertain', 503, 'COMMAND_UNCERTAIN', null],
      ['wrongtype', 500, 'COMMAND_REJECTED', null],
      ['argument', 500, 'INVALID_ARGUMENT', null],
      ['session', 401, 'SESSION_INVALID', null],
    ])('answers %s with %i %s', async (what, status, code, retryAfter) => {
      const { get } = await start(adapter, root);
      const answer = await get(what);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      expect(answer.headers.get('content-type')).toContain('application/json');
      const text = await answer.text();
      expect(JSON.parse(text)).toEqual({
        statusCode: status,
        code,
        message: expect.any(String) as string,
      });
      expect(text).not.toContain(SECRET);
    });

    it('leaves every other error to Nest', async () => {
      const { get } = await start(adapter, root);
      const own = await get('own-404');
      expect(own.status).toBe(404);
      expect(await own.json()).toMatchObject({ message: 'no such page' });
      const bug = await get('bug');
      expect(bug.status).toBe(500);
      expect(await bug.json()).toEqual({ statusCode: 500, message: 'Internal server error' });
    });

    it('answers with what a loader has thrown for the client', async () => {
      const { get } = await start(adapter, root);
      const answer = await get('loader-404');
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ message: 'no such product' });
    });

    it('cuts an answer that has begun, so that nobody takes it for whole', async () => {
      const { get } = await start(adapter, root);
      await expect(get('begun').then((answer) => answer.text())).rejects.toThrow();
      expect((await get('no-primary')).status).toBe(503);
    });

    it('logs of a script that it failed, and not in its words, which may be a key', async () => {
      const { get, log } = await start(adapter, root);
      expect((await get('script')).status).toBe(500);
      expect((await get('busy-script')).status).toBe(503);
      expect([...log.texts('error'), ...log.texts('warn')]).toHaveLength(2);
      expect(log.texts('error')[0]).toContain('COMMAND_REJECTED of evalsha: the script failed');
      expect(JSON.stringify(log.lines)).not.toContain(SECRET);
    });

    it('logs a mistake, which nobody else would, with its command and its route', async () => {
      const { get, log } = await start(adapter, root);
      await get('wrongtype?token=never-shown');
      await get('argument');
      expect(log.texts('error')).toEqual([
        `GET /errors/:what: COMMAND_REJECTED of lpush: ${SECRET}`,
        `GET /errors/:what: INVALID_ARGUMENT: a = "${SECRET}": b. c`,
      ]);
    });
  },
);

it.each(ADAPTERS)(
  'RedisErrorFilter on %s stands beside a filter that catches all',
  async (adapter) => {
    const { get } = await start(adapter, BesideOne);
    expect((await get('no-primary')).status).toBe(503);
    const bug = await get('bug');
    expect(bug.status).toBe(418);
    expect(await bug.json()).toEqual({ caught: 'TypeError' });
  },
);

describe('RedisErrorFilter', () => {
  const answers: number[] = [];
  const response = {
    header: () => undefined,
    status: (code: number) => ({ send: () => answers.push(code) }),
  };
  const hostOf = (type: string): never =>
    ({ getType: () => type, switchToHttp: () => ({ getResponse: () => response }) }) as never;

  it('tells of an outage in one line, however many requests meet it', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const filter = new RedisErrorFilter();
    for (let i = 0; i < 1000; i++) filter.catch(new NoPrimaryError('gone'), hostOf('http'));
    expect(answers).toHaveLength(1000);
    expect(warn.mock.calls).toEqual([['A request was answered with 503 (NO_PRIMARY): gone']]);
    warn.mockRestore();
  });

  it('answers also where the logger of the application fails', () => {
    const broken = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {
      throw new Error('the disk is full');
    });
    answers.length = 0;
    new RedisErrorFilter().catch(new NoPrimaryError('gone'), hostOf('http'));
    expect(answers).toHaveLength(1);
    broken.mockRestore();
  });

  it.each(['rpc', 'ws', 'graphql'])('leaves %s to Nest', (type) => {
    answers.length = 0;
    expect(new RedisErrorFilter().catch(new NoPrimaryError('gone'), hostOf(type))).toBeUndefined();
    expect(answers).toEqual([]);
  });
});
