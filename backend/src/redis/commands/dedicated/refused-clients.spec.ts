import { Worker } from 'bullmq';
import { Worker as Worker5 } from 'bullmq5';
import { Redis } from 'ioredis';
import { RedisDisabledError } from '../../base/errors/index.js';
import { RefusedClients } from './refused-clients.js';

const WORDS = 'There is no Redis in memory mode.';

describe('RefusedClients', () => {
  let clients: RefusedClients;
  let refusal: RedisDisabledError;
  const own: Redis[] = [];

  beforeEach(() => {
    clients = new RefusedClients((ending) => {
      refusal = new RedisDisabledError(`${WORDS} ${ending}`);
      return refusal;
    });
  });

  afterEach(() => {
    clients.close();
    for (const client of own.splice(0)) client.disconnect();
  });

  /** As a library makes one from options. */
  const newClient = (): Redis => {
    const client = new Redis({ ...clients.options(), maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    own.push(client);
    return client;
  };

  const ready = (client: Redis): Promise<unknown> =>
    new Promise((resolve) =>
      client.status === 'ready' ? resolve(0) : client.once('ready', resolve),
    );

  it('give clients that refuse every command with the error itself', async () => {
    const client = clients.create();
    for (const run of [() => client.get('k'), () => client.set('k', 'v'), () => client.info()]) {
      await expect(run()).rejects.toBe(refusal);
    }
    await expect(client.duplicate().get('k')).rejects.toBe(refusal);
    await expect(client.duplicate().duplicate().get('k')).rejects.toBe(refusal);
  });

  it('give clients whose pipelines and transactions fail command by command', async () => {
    const client = clients.create();
    expect(await client.pipeline().get('a').get('b').exec()).toEqual([
      [refusal, undefined],
      [refusal, undefined],
    ]);
    await expect(client.multi().get('a').exec()).rejects.toMatchObject({ code: 'REDIS_DISABLED' });
  });

  it('give clients that connect to nobody, and say why', async () => {
    const client = clients.create({ host: '127.0.0.1', lazyConnect: false });
    await expect(client.connect()).rejects.toBe(refusal);
    await expect(client.get('k')).rejects.toBe(refusal);
  });

  it('give options for clients that refuse every command in words that begin with the code', async () => {
    const client = newClient();
    for (const run of [
      () => client.get('k'),
      () => client.set('k', 'v'.repeat(1_000_000)),
      () => client.set('k', Buffer.from([13, 10, 42, 36])),
      () => client.info(),
      () => client.subscribe('news'),
    ]) {
      await expect(run()).rejects.toThrow('REDIS_DISABLED There is no Redis in memory mode.');
    }
    expect(client.status).toBe('ready');
  });

  it.each<[string, typeof Worker, (clients: RefusedClients) => object]>([
    ['BullMQ 6 with options', Worker, (from) => from.options()],
    ['BullMQ 6 with a client', Worker, (from) => from.create({ maxRetriesPerRequest: null })],
    ['BullMQ 5 with options', Worker5 as never, (from) => from.options()],
  ])('let a worker of %s rest between its attempts', async (_what, Library, connectionFrom) => {
    const connection = connectionFrom(clients);
    if (!('status' in connection)) Object.assign(connection, { maxRetriesPerRequest: null });
    const worker = new Library('mails', () => Promise.resolve(), {
      connection,
      runRetryDelay: 500,
      skipStalledCheck: true,
    });
    let errors = 0;
    // One that does not rest leaves no time for anything else: it has to be ended from within.
    worker.on('error', () => {
      if ((errors += 1) === 100) void worker.close(true);
    });
    await expect(worker.waitUntilReady()).rejects.toThrow('There is no Redis');
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    await worker.close(true);
    expect(errors).toBeLessThan(10);
  });

  it('give options for clients that end when they are told to', async () => {
    const client = newClient();
    await ready(client);
    const ended = new Promise((resolve) => client.once('end', resolve));
    await expect(client.quit()).resolves.toBe('OK');
    await ended;
  });

  it('end the clients that they made', async () => {
    const client = clients.create();
    const ended = new Promise((resolve) => client.once('end', resolve));
    clients.close();
    await ended;
  });
});
