import { createServer, type Server } from 'node:net';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisService as NamedClients } from '@liaoliaots/nestjs-redis';
import { ConfigInvalidError, RedisModule } from '../index.js';
import { LiaoliaotsRedisModule, type LiaoliaotsRedisOptions } from './index.js';

@Injectable()
class Limits {
  constructor(@Inject(NamedClients) readonly clients: NamedClients) {}
}

async function boot(options?: LiaoliaotsRedisOptions) {
  const imports = [RedisModule.forRoot({ mode: 'memory' }), LiaoliaotsRedisModule.forRoot(options)];
  @Module({ imports, providers: [Limits] })
  class AppModule {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

const DISABLED = { code: 'REDIS_DISABLED' };

describe('named clients in memory mode', () => {
  it('are there, so that the application starts, and refuse every command at once and every time', async () => {
    const app = await boot({ namespaces: ['default', 'jobs'] });
    const { clients } = app.get(Limits);
    for (const client of [clients.getOrThrow(), clients.getOrThrow('jobs')]) {
      for (let i = 0; i < 3; i++) {
        await expect(client.set('a', '1')).rejects.toMatchObject(DISABLED);
        await expect(client.blpop('jobs', 0)).rejects.toMatchObject(DISABLED);
        await expect(client.subscribe('news')).rejects.toMatchObject(DISABLED);
      }
      await expect(client.connect()).rejects.toMatchObject(DISABLED);
      await expect(client.get('a')).rejects.toMatchObject(DISABLED);
    }
    await app.close();
  });

  it('refuse pipelines, transactions and what is asked of a duplicate', async () => {
    const app = await boot();
    const client = app.get(Limits).clients.getOrThrow();
    const piped = await client.pipeline().set('a', '1').get('a').exec();
    expect(piped?.map(([error]) => error)).toEqual([
      expect.objectContaining(DISABLED),
      expect.objectContaining(DISABLED),
    ]);
    await expect(client.multi().set('a', '1').exec()).rejects.toMatchObject(DISABLED);
    const copy = client.duplicate();
    for (let i = 0; i < 2; i++) await expect(copy.get('a')).rejects.toMatchObject(DISABLED);
    await app.close();
  });

  it('never connect to the Redis that happens to run on this machine', async () => {
    const dialled: unknown[] = [];
    const server = createServer((socket) => dialled.push(socket));
    const port = await listening(server);
    const app = await boot({ options: { host: '127.0.0.1', port, lazyConnect: false } });
    const client = app.get(Limits).clients.getOrThrow();
    await expect(client.get('a')).rejects.toMatchObject(DISABLED);
    expect(client.status).toBe('wait');
    await app.close();
    await new Promise((done) => server.close(done));
    expect(dialled).toEqual([]);
  });

  it('end with the application', async () => {
    const app = await boot();
    const client = app.get(Limits).clients.getOrThrow();
    const ended = new Promise((done) => client.once('end', done));
    await app.close();
    await ended;
    expect(client.status).toBe('end');
  });
});

describe('registering named clients', () => {
  it('refuses bad namespaces where they are written', () => {
    expect(() => LiaoliaotsRedisModule.forRoot({ namespaces: ['jobs', 'jobs'] })).toThrow(
      ConfigInvalidError,
    );
    expect(() => LiaoliaotsRedisModule.forRoot({ namespaces: [] })).toThrow(ConfigInvalidError);
  });

  it('says which connection is missing', async () => {
    await expect(boot({ name: 'elsewhere' })).rejects.toThrow(
      /name = .*elsewhere.*no connection of this name/,
    );
  });

  it('reports a name that is asked for and was not registered', async () => {
    const app = await boot({ namespaces: ['jobs'] });
    expect(() => app.get(Limits).clients.getOrThrow('limits')).toThrow(/"limits" was not found/);
    await app.close();
  });
});

function listening(server: Server): Promise<number> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      done(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
