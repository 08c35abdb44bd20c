import {
  context,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { CommandRejectedError, SessionInvalidError } from '../base/errors/index.js';
import {
  cacheChannel,
  CacheOperation,
  published,
  sessionChannel,
  SessionOperation,
} from '../base/operations/index.js';
import { CommandOperations } from '../commands/index.js';
import { traceRedis } from './trace-redis.js';

const PLANTED = 'PLANTED';

interface Seen {
  readonly name: string;
  readonly attributes: Attributes;
  isError: boolean;
  ends: number;
}

/** A provider whose parts fail where a test says so. */
class Recorder {
  readonly spans: Seen[] = [];
  asked = 0;
  failing: 'nothing' | 'start' | 'describe' = 'nothing';

  getTracer(): Tracer {
    this.asked++;
    const startSpan = (name: string, options: { attributes?: Attributes } = {}): Span => {
      if (this.failing === 'start') throw new Error(PLANTED);
      const seen = { name, attributes: { ...options.attributes }, isError: false, ends: 0 };
      this.spans.push(seen);
      return this.#spanOf(seen);
    };
    return { startSpan } as unknown as Tracer;
  }

  #spanOf(seen: Seen): Span {
    return {
      isRecording: () => true,
      addEvent: () => undefined,
      setAttributes: (more: Attributes) => {
        if (this.failing === 'describe') throw new Error(PLANTED);
        Object.assign(seen.attributes, more);
      },
      setStatus: () => (seen.isError = true),
      end: () => seen.ends++,
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
    } as unknown as Span;
  }
}

describe('spans of what the application asks for', () => {
  let recorder: Recorder;
  let stop: () => void;
  let said: string[];
  const operations = new CommandOperations();

  beforeEach(() => {
    recorder = new Recorder();
    stop = traceRedis({ tracerProvider: recorder, queryText: true });
    said = [];
    const note = (text: string): void => void said.push(text);
    const logger = { error: note, warn: note, info: note, debug: note, verbose: note };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
    said = [];
  });
  afterEach(() => {
    stop();
    diag.disable();
  });

  const run = <T>(name: unknown, args: unknown[], work: () => Promise<T>): Promise<T> =>
    operations.ofCommand({ name: name as string, args }, null, work);
  const fail = (error: unknown): Promise<never> =>
    run('eval', ['…'], () => Promise.reject(error as Error)).catch(() => undefined as never);

  it.each([undefined, null, 7, Symbol('get'), {}, ['get'], '', 'SET user ada', 'x'.repeat(70)])(
    'are named _OTHER where the name is none (%p), and the call goes on to be refused',
    async (name) => {
      const refused = run(name, [Symbol('key'), {}, null], () => Promise.reject(new Error('no')));
      await expect(refused).rejects.toThrow('no');
      expect(recorder.spans).toMatchObject([
        { name: '_OTHER', attributes: { 'db.query.text': '_OTHER ? ? ?' }, ends: 1 },
      ]);
    },
  );

  it('go to the SDK that there is at the time of each call', async () => {
    stop();
    stop = traceRedis();
    const call = (): Promise<unknown> => run('get', ['a'], () => Promise.resolve('value'));
    await call();
    const others = [new Recorder(), new Recorder()];
    for (const sdk of others) {
      trace.setGlobalTracerProvider(sdk);
      await call();
      await call();
      trace.disable();
      await call();
    }
    expect(others.map(({ spans, asked }) => [spans.length, asked])).toEqual([
      [2, 1],
      [2, 1],
    ]);
  });

  it('are left out where the SDK fails, without harm to the call or a word of the failure', async () => {
    recorder.failing = 'start';
    await expect(run('get', ['a'], () => Promise.resolve('value'))).resolves.toBe('value');
    expect(said).toEqual(['nestjs-redis-ha: a call is not traced: Error']);
  });

  it('are left out where nobody can say whether they are wanted', async () => {
    const broken = jest.spyOn(trace, 'getActiveSpan').mockImplementation(() => {
      throw new TypeError(PLANTED);
    });
    await expect(
      context.with(ROOT_CONTEXT, () => Promise.resolve(operations.areWatched)),
    ).resolves.toBe(false);
    broken.mockRestore();
    expect(said).toEqual(['nestjs-redis-ha: a call is not traced: TypeError']);
  });

  it('end also where their end cannot be described', async () => {
    recorder.failing = 'describe';
    await run('get', ['a'], () => Promise.resolve('value'));
    expect(recorder.spans).toMatchObject([{ ends: 1 }]);
  });

  it('name the first word of a failure only if it is one of Redis: a script may say a key', async () => {
    const rejected = (reply: string): CommandRejectedError =>
      new CommandRejectedError(`${reply} is bad`, { command: 'eval', reply });
    await fail(rejected(PLANTED));
    await fail(rejected('WRONGTYPE'));
    await fail(Object.assign(new Error(`${PLANTED} is bad`), { name: 'ReplyError' }));
    expect(recorder.spans.map(({ attributes }) => attributes)).toMatchObject([
      { 'error.type': 'COMMAND_REJECTED' },
      { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' },
      { 'error.type': 'ReplyError' },
    ]);
    expect(JSON.stringify(recorder.spans)).not.toContain(PLANTED);
  });

  it('say nothing of an error but its class, whatever it is', async () => {
    const cannotBeLookedAt = Object.defineProperty(new Error('x'), 'name', {
      get: () => {
        throw new Error(PLANTED);
      },
    });
    const errors = [
      new Error(`${PLANTED} failed`),
      Object.assign(new Error('x'), { name: `user:${PLANTED}` }),
      cannotBeLookedAt,
      PLANTED,
      null,
      Object.create(null) as unknown,
    ];
    for (const error of errors) await fail(error);
    expect(recorder.spans.map(({ attributes }) => attributes['error.type'])).toEqual([
      'Error',
      ...Array.from({ length: 5 }, () => '_OTHER'),
    ]);
    expect(JSON.stringify(recorder.spans)).not.toContain(PLANTED);
  });

  it('are no failures where there is no such session', async () => {
    const none = new SessionInvalidError('there is no such session', { reason: 'missing' });
    const read = published(sessionChannel, new SessionOperation('read'), () =>
      Promise.reject(none),
    );
    await expect(read).rejects.toBe(none);
    expect(recorder.spans).toEqual([
      { name: 'session.read', attributes: { 'redis.ha.outcome': 'none' }, isError: false, ends: 1 },
    ]);
  });

  it('end after tracing has ended in the middle of them, also that of a script that Redis has to get', async () => {
    const script = { operation: null };
    const unknown = new CommandRejectedError('NOSCRIPT', { command: 'evalsha', reply: 'NOSCRIPT' });
    const digest = { name: 'evalsha', args: ['…'] };
    await operations
      .ofCommand(digest, { script }, () => Promise.reject(unknown))
      .catch(() => undefined);
    const get = published(cacheChannel, new CacheOperation('get', 'users', 1), async () => {
      stop();
      return Promise.resolve('value');
    });
    await get;
    expect(operations.areWatched).toBe(false);
    expect(operations.areWatchedFor({ script })).toBe(true);
    await operations.ofCommand({ name: 'eval', args: [] }, { script }, () => Promise.resolve(1));
    expect(recorder.spans.map(({ name, ends }) => [name, ends])).toEqual([
      ['evalsha', 1],
      ['cache.get', 1],
    ]);
  });
});
