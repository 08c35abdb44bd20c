import { type RedisTestServer, startRedisServer } from '../../src/redis/testing/index.js';
import { CompiledCommands } from '../support/command-process.js';

jest.setTimeout(60_000);

const KEYS = 400;

/** An application, and what it exports for the command. */
const APPLICATION = `
const { NestFactory } = require('@nestjs/core');
const { RedisModule, RedisCache } = require('./src/redis/index.js');
exports.openCache = async () => {
  const app = await NestFactory.createApplicationContext(RedisModule.forRoot(), { logger: false });
  const cache = app.get(RedisCache);
  cache.namespace('products', { ttlMs: 600000 }).warmUp({
    name: 'catalogue',
    keys: ({ after }) =>
      Array.from({ length: ${String(KEYS)} }, (_, at) => String(at)).slice(
        after === null ? 0 : Number(after) + 1,
      ),
    load: ({ key }) => {
      if (key === process.env.MISSING) throw new Error('planted');
      return Promise.resolve({ key });
    },
    total: ${String(KEYS)},
    perSecond: Number(process.env.PER_SECOND),
    onBoot: false,
    takeoverMs: 500,
  });
  return { cache, close: () => app.close() };
};
`;

describe('warm', () => {
  const commands = new CompiledCommands();
  const application = commands.addModule('warm.cjs', APPLICATION);
  const useless = commands.addModule('useless.cjs', 'exports.cache = 1;');
  const broken = commands.addModule('broken.cjs', 'exports.openCache = () => null.cache;');
  let server: RedisTestServer;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterEach(() => server.node.command('FLUSHALL'));
  afterAll(async () => {
    await server.stop();
    commands.remove();
  });

  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    ...server.env(),
    PER_SECOND: '10000',
    ...more,
  });

  it('loads every key, tells how far it is, and ends with the application', async () => {
    const run = commands.start(['warm', application], env());
    expect({ code: await run.ended(), out: run.out }).toEqual({
      code: 0,
      out: `catalogue finished: ${String(KEYS)} keys, ${String(KEYS)} loaded, 0 fresh, 0 failed\n`,
    });
    expect(run.told).toMatch(/^catalogue [a-z]+ +[0-9]+ %/);
  });

  it('stops at Ctrl-C, leaves nothing half done, and goes on from there the next time', async () => {
    const slow = env({ PER_SECOND: '200' });
    const first = commands.start(['warm', application, 'catalogue', '--json'], slow);
    await first.until(/"done":[12]\d\d,/);
    first.signal('SIGINT');
    expect(await first.ended()).toBe(130);
    expect(first.told).toMatch(/^ended after \d+ keys: the next run goes on from there$/m);
    const stopped = first.documents('warm').at(-1);
    const second = commands.start(['warm', application, 'catalogue', '--json'], env());
    expect(await second.ended()).toBe(0);
    const documents = second.documents('warm');
    expect(documents.at(-1)).toMatchObject({ state: 'finished', done: KEYS });
    // It begins with the hundred that the first one had begun.
    const [begun] = documents.filter(({ state }) => state === 'running');
    expect(Number(begun?.['done'])).toBeGreaterThanOrEqual(Number(stopped?.['done']) - 100);
    expect(Number(begun?.['done'])).toBeGreaterThan(0);
  });

  it('ends with 1 where a key could not be loaded', async () => {
    const run = commands.start(['warm', application], env({ MISSING: '7' }));
    expect(await run.ended()).toBe(1);
    expect(run.out).toContain('1 failed');
  });

  it.each([
    ['exports nothing of use', useless, 64, /exports no function openCache/],
    ['throws', broken, 2, /openCache of \S+ failed: Cannot read properties of null/],
  ])('says in one line that the module %s', async (_what, module, code, said) => {
    const run = commands.start(['warm', module], env());
    expect(await run.ended()).toBe(code);
    expect(run.told).toMatch(said);
    expect(run.told.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says in one line that there is no such plan', async () => {
    const run = commands.start(['warm', application, 'catalog'], env());
    expect(await run.ended()).toBe(2);
    expect(run.told).toMatch(/^error .*catalog/);
    expect(run.told.trimEnd().split('\n')).toHaveLength(1);
  });
});
