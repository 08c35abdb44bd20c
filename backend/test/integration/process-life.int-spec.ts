import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisHaOptions } from '../../src/redis/index.js';
import { FaultProxy } from '../../src/redis/testing/net/fault-proxy.js';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { BACKEND, compileProgram, type CompiledProgram } from '../support/compile-program.js';
import type { JobName, JobPlan } from '../support/job-process.js';

jest.setTimeout(60_000);

const RESET_FOR_MS = 3000;
const IDLE_FOR_MS = 2000;
const PROMPTLY_MS = 3000;

/** How a process ended by itself. */
interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly at: number;
}

/** A Nest application without a server: nothing but Redis keeps it alive. */
class Job {
  readonly lines: string[] = [];
  readonly lineAt = new Map<string, number>();
  end: End | null = null;
  readonly #child: ChildProcess;

  constructor(entry: string, plan: JobPlan) {
    this.#child = spawn(process.execPath, [entry, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_PATH: join(BACKEND, '..', 'node_modules') },
    });
    for (const output of [this.#child.stdout!, this.#child.stderr!]) {
      output.on('data', (text: Buffer) => {
        for (const line of text.toString().split('\n').filter(Boolean)) this.#hear(line);
      });
    }
    this.#child.once('close', (code, signal) => {
      this.end = { code, signal, at: performance.now() };
    });
  }

  async until(line: string): Promise<number> {
    const hasSaid = (): boolean => {
      // It may have gone on and ended since the last look.
      if (this.lineAt.has(line)) return true;
      if (this.end !== null) throw new Error(`It ended: ${this.lines.join('\n')}`);
      return false;
    };
    await waitUntil(hasSaid, { what: `it says ${line}`, timeoutMs: 20_000 });
    return this.lineAt.get(line)!;
  }

  async untilEnded(): Promise<End> {
    await waitUntil(() => this.end !== null, { what: 'it ends by itself', timeoutMs: 20_000 });
    return this.end!;
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.untilEnded();
  }

  #hear(line: string): void {
    this.lines.push(line);
    this.lineAt.set(line, performance.now());
  }
}

let program: CompiledProgram;
let server: RedisTestServer;
let proxy: FaultProxy;
let pusher: Redis;
let nobody: PortClaim;
const jobs: Job[] = [];

beforeAll(async () => {
  program = compileProgram('job-process.ts');
  server = await startRedisServer();
  proxy = await FaultProxy.start(server.node.address);
  pusher = new Redis(server.node.address.port);
  nobody = await claimPort();
});
afterEach(async () => {
  await Promise.all(jobs.splice(0).map((job) => job.kill()));
  proxy.heal();
});
afterAll(async () => {
  nobody.release();
  pusher.disconnect();
  await proxy.stop();
  await server.stop();
  rmSync(program.directory, { recursive: true, force: true });
});

function start(job: JobName, options: RedisHaOptions): Job {
  const started = new Job(program.entry, { options, job });
  jobs.push(started);
  return started;
}

/** One Redis at this port; there may be none. */
function at(port: number): RedisHaOptions {
  return { mode: 'standalone', host: '127.0.0.1', port, routing: { writeTimeoutMs: 1500 } };
}

/** Sentinels of which none can be reached. */
function sentinelsAway(): RedisHaOptions {
  const nodes = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => ({
    host,
    port: nobody.port,
  }));
  return { mode: 'sentinel', sentinel: { nodes }, routing: { writeTimeoutMs: 1500 } };
}

/** It must have ended by itself soon after it had closed the application. */
async function expectEndAfterClose(job: Job, code: number): Promise<void> {
  const end = await job.untilEnded();
  expect({ lines: job.lines, code: end.code }).toEqual({
    lines: expect.arrayContaining(['CLOSED']) as string[],
    code,
  });
  expect(end.at - job.lineAt.get('CLOSED')!).toBeLessThan(PROMPTLY_MS);
}

describe('a process without a server', () => {
  it('hears from Node of each misused call that nobody awaits, once, and of no other', async () => {
    const job = start('forgetful', at(server.node.address.port));
    await expectEndAfterClose(job, 0);
    expect(job.lines.filter((line) => line.startsWith('UNHANDLED')).toSorted()).toEqual([
      ...Array<string>(4).fill('UNHANDLED INVALID_ARGUMENT'),
      'UNHANDLED VALUE_UNSERIALIZABLE',
    ]);
  });

  it.each<[string, () => RedisHaOptions]>([
    ['the only Redis', () => at(nobody.port)],
    ['every Sentinel', sentinelsAway],
  ])(
    'tells the error of its call when %s is away, and does not end without a word',
    async (_, options) => {
      const job = start('one-write', options());
      await expectEndAfterClose(job, 1);
      expect(job.lines).toContain('ERROR NO_PRIMARY');
    },
  );

  it('goes on with its work after every connection was reset for seconds', async () => {
    const job = start('worker', at(proxy.address.port));
    await job.until('WORKING');
    await pusher.rpush('jobs', 'first');
    await job.until('TAKEN first');
    proxy.refuse();
    await expect(
      waitUntil(() => job.end ?? false, { what: 'it ends', timeoutMs: RESET_FOR_MS }),
    ).rejects.toThrow();
    proxy.heal();
    await pusher.rpush('jobs', 'second', 'stop');
    await job.until('TAKEN second');
    await expectEndAfterClose(job, 0);
  });

  it.each<[string, () => RedisHaOptions]>([
    ['Redis is there', () => at(server.node.address.port)],
    ['Redis is away', () => at(nobody.port)],
    ['every Sentinel is away', sentinelsAway],
    ['there is none, in memory mode', () => ({ mode: 'memory' })],
  ])('ends promptly, by itself, after the application was closed while %s', async (_, options) => {
    await expectEndAfterClose(start('close', options()), 0);
  });

  it.each<[string, () => RedisHaOptions]>([
    ['there', () => at(server.node.address.port)],
    ['away', () => at(nobody.port)],
  ])('is left by a test that replaces RedisService as well, with Redis %s', async (_, options) => {
    await expectEndAfterClose(start('close-test', options()), 0);
  });

  it('lives without Redis and without work until it is closed', async () => {
    const job = start('idle', at(nobody.port));
    await job.until('IDLE');
    await expect(
      waitUntil(() => job.end ?? false, { what: 'it ends', timeoutMs: IDLE_FOR_MS }),
    ).rejects.toThrow();
    job.terminate();
    expect(await job.untilEnded()).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('lives while it holds writes that Redis does not have, and says at the end that they are lost', async () => {
    const job = start('store', at(nobody.port));
    await job.until('STORED');
    await expect(
      waitUntil(() => job.end ?? false, { what: 'it ends', timeoutMs: IDLE_FOR_MS }),
    ).rejects.toThrow();
    job.terminate();
    await job.untilEnded();
    expect(job.lines.join('\n')).toMatch(/1 writes made while Redis was away are lost/);
  });
});
