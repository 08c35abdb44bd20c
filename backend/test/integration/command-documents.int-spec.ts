import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisHealthModule } from '../../src/redis/health/index.js';
import {
  RedisCache,
  type RedisHaOptions,
  RedisModule,
  RedisService,
} from '../../src/redis/index.js';
import { claimPort } from '../../src/redis/lab/index.js';
import { type RedisTestCluster, startRedisCluster } from '../../src/redis/testing/index.js';
import { BackupRig } from '../support/backup-rig.js';
import { typeCommand } from '../support/typed-program.js';

jest.setTimeout(60_000);

/** Alertmanager, as far as silences go. */
class SilenceKeeper {
  readonly #silences: Record<string, unknown>[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (text: Buffer) => (body += text.toString()));
      request.on('end', () => {
        const answer = this.#answer(`${request.method ?? ''} ${request.url ?? ''}`, body);
        response.writeHead(answer === null ? 404 : 200).end(JSON.stringify(answer ?? 'not found'));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    await new Promise((done) => this.#server.close(done));
  }

  #answer(question: string, body: string): unknown {
    if (question === 'GET /api/v2/silences') return this.#silences;
    if (question === 'POST /api/v2/silences') {
      const id = `silence-${String(this.#silences.length)}`;
      this.#silences.push({ ...JSON.parse(body), id, status: { state: 'active' } });
      return { silenceID: id };
    }
    const named = question.replace('DELETE /api/v2/silence/', '');
    const silence = this.#silences.find(({ id }) => id === named);
    if (silence === undefined) return null;
    silence['status'] = { state: 'expired' };
    return {};
  }
}

async function startApp(redis: RedisHaOptions): Promise<INestApplication> {
  @Module({ imports: [RedisModule.forRoot(redis), RedisHealthModule.forRoot()] })
  class ObservedModule {}

  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.create(ObservedModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

// typeCommand() compares each document with the schema of the command: a test here has only to make it written.
describe('what commands write for programs', () => {
  let cluster: RedisTestCluster;
  const rig = new BackupRig();
  const keeper = new SilenceKeeper();

  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 });
  });
  afterAll(async () => {
    await cluster.stop();
    await rig.close();
    await keeper.close();
  });

  it('is a script for a shell', async () => {
    const { documents } = await typeCommand(['completion', 'bash', '--json']);
    expect(documents).toMatchObject([{ shell: 'bash' }]);
    expect(documents[0]?.['script']).toContain('hot-keys)');
  });

  it('is what became of a backup', async () => {
    const env = { ...cluster.env(), BACKUP_DIR: rig.dir, BACKUP_KEYS: rig.key };
    await cluster.primary().command('SET', 'key', 'value');
    const type = (...args: string[]) => typeCommand([...args, '--json'], env);
    expect(await typeCommand(['backup', 'check', '--json'], env)).toMatchObject({ code: 1 });
    for (const args of ['take', 'list', 'check', 'verify latest', 'prune']) {
      const { code, documents } = await type('backup', ...args.split(' '));
      expect({ args, code, count: documents.length }).toEqual({ args, code: 0, count: 1 });
    }
    const refused = await typeCommand(['restore', 'latest', '--sessions', 'keep', '--json'], env);
    expect(refused.code).toBe(64);
    const [taken] = (await type('backup', 'list')).documents;
    const path = String(taken?.['path']);
    const merged = await type('restore', path, '--sessions', 'keep', '--merge');
    expect(merged).toMatchObject({ code: 0, documents: [{ restored: 0, kept: 1 }] });
  });

  it('is what is silenced, and the watchdog never', async () => {
    const env = { ALERTMANAGER_URL: await keeper.listen(), USER: 'somebody' };
    const args = ['30m', 'new disk', 'instance=redis-master:6379'];
    const begun = await typeCommand(['silence', ...args, '--json'], env);
    expect(begun).toMatchObject({ code: 0, documents: [{ id: 'silence-0' }] });
    const [ends] = begun.documents;
    const leftMs = Date.parse(String(ends?.['endsAt'])) - Date.now();
    expect(Math.abs(leftMs - 30 * 60_000)).toBeLessThan(20_000);
    const listed = await typeCommand(['silence', '--list', '--json'], env);
    expect(listed.documents).toMatchObject([
      { silences: [{ id: 'silence-0', by: 'somebody', comment: 'new disk' }] },
    ]);
    const answer = await fetch(`${env.ALERTMANAGER_URL}/api/v2/silences`);
    const [{ matchers }] = (await answer.json()) as [{ matchers: unknown }];
    expect(matchers).toEqual([
      { name: 'service', value: 'redis-ha', isRegex: false, isEqual: true },
      { name: 'alertname', value: 'RedisHaWatchdog', isRegex: false, isEqual: false },
      { name: 'instance', value: 'redis-master:6379', isRegex: false, isEqual: true },
    ]);
    const ended = await typeCommand(['silence', '--end', 'all', '--json'], env);
    expect(ended.documents).toEqual([{ ended: 1 }]);
    expect((await typeCommand(['silence', '--list'], env)).out).toBe('');
  });

  it('says why it could not be silenced', async () => {
    const { port, release } = await claimPort();
    const nowhere = { ALERTMANAGER_URL: `http://127.0.0.1:${String(port)}` };
    const { code, told } = await typeCommand(['silence', '1h', 'why'], nowhere);
    expect(code).toBe(2);
    release();
    expect(told).toMatch(/^error http:\/\/127\.0\.0\.1:\d+\/ does not answer \(\w+\)\. See /);
  });

  it('is what an application says of its Redis, and of its hot keys', async () => {
    const app = await startApp(cluster.options());
    const url = await app.getUrl();
    const cache = app.get(RedisCache).namespace('products');
    await app.get(RedisService).whenReady(10_000);
    await cache.set('tea', { cents: 300 });
    for (let i = 0; i < 20; i++) await cache.get('tea');
    const alone = await typeCommand(['status', '--app', url, '--json']);
    expect(alone).toMatchObject({
      code: 0,
      documents: [{ verdict: 'healthy', sentinels: [], app: { status: 'healthy', sentinels: 3 } }],
    });
    const both = await typeCommand(['status', '--app', `${url}/`], cluster.env());
    expect(both.out).toMatch(/^healthy mymaster\n[^]*\napplication http:[^]*hit rate 100 %/);
    const keys = await typeCommand(['hot-keys', '--app', url, '--json']);
    expect(keys.documents).toMatchObject([{ source: 'app', keys: [{ namespace: 'products' }] }]);
    expect(keys.out).not.toContain('tea');
    await app.close();
    const gone = await typeCommand(['status', '--app', url]);
    expect(gone.code).toBe(2);
    expect(gone.out).toMatch(/^down: application: http\S+ does not answer \(/);
    expect((await typeCommand(['hot-keys', '--app', url])).code).toBe(2);
  });

  it('is what each server costs', async () => {
    const dear = ['--over', '500ms', '--price-gigabyte', '1000'];
    const type = (...args: string[]) =>
      typeCommand(['cost', ...dear, ...args, '--json'], cluster.env());
    const { code, documents } = await type();
    expect(code).toBe(0);
    const [bill] = documents as [{ dollarsADay: number; servers: { role: string }[] }];
    expect(bill.servers.map(({ role }) => role)).toEqual([
      'primary',
      'replica',
      'sentinel',
      'sentinel',
      'sentinel',
    ]);
    // Two processes of some megabytes, at a thousand dollars a gigabyte.
    expect(bill.dollarsADay).toBeGreaterThan(0.05);
    expect((await type('--budget', '0.001')).code).toBe(1);
  });

  it('is the keys that are used most, and not without a word of somebody where that costs', async () => {
    const env = cluster.env();
    const refused = await typeCommand(['hot-keys', '--seconds', '1'], env);
    expect(refused.code).toBe(3);
    expect(refused.told).toContain('Nothing was touched');
    const primary = await cluster.primary().connect();
    const over = new AbortController();
    const used = (async () => {
      while (!over.signal.aborted) {
        await primary.command(['SET', 'user:ann', '1']);
        await primary.command(['MGET', 'user:ann', 'user:ann', 'user:"bob"\n']);
      }
    })();
    const args = ['hot-keys', '--seconds', '1', '--monitor', '--json'];
    const shown = await typeCommand([...args, '--show-keys'], env);
    const hashed = await typeCommand(['hot-keys', '--seconds', '1', '--json'], env, {
      answer: 'monitor',
    });
    over.abort();
    await used;
    primary.close();
    const [first, second] = (shown.documents[0] as { keys: Record<string, unknown>[] }).keys;
    expect(first?.['key']).toBe('user:ann');
    // What would move the cursor of a terminal is no part of what is shown.
    expect(second?.['key']).toBe('user:"bob"');
    const ratio = Number(first?.['readsPerMinute']) / Number(first?.['writesPerMinute']);
    expect(ratio).toBeCloseTo(2, 1);
    expect(hashed.code).toBe(0);
    expect(hashed.out).toContain('"#');
    expect(hashed.out).not.toContain('ann');
  });
});
