// @ts-check
// An application with the library as it ships: writes and reads all the time, and is asked through its standard input.
// Answers are lines of JSON on the standard output.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { createInterface } from 'node:readline';
import { RedisModule, RedisService } from '../../../../dist/lib/esm/index.js';

const TICK_MS = 10;
const PER_SECOND = Number(process.env.TRAFFIC_PER_SECOND ?? 200);
const PREFIX = `traffic:${process.env.TRAFFIC_NAME ?? 'host'}:`;

class Application {}

const app = await NestFactory.createApplicationContext(
  { module: Application, imports: [RedisModule.forRoot()] },
  { logger: process.env.TRAFFIC_LOG === '1' ? ['error', 'warn', 'log'] : false },
);
const redis = app.get(RedisService);

/** @type {Map<string, number>} */
const acked = new Map();
let open = 0;
let counter = 0;
let since = freshMark();
let isPaused = false;

function freshMark() {
  return {
    at: performance.now(),
    lastAck: performance.now(),
    gapMs: 0,
    writes: 0,
    reads: 0,
    failedReads: 0,
    failedWrites: 0,
    /** @type {string[]} */
    failed: [],
  };
}

/**
 * @param {'read' | 'write'} what
 * @param {unknown} error
 */
function fail(what, error) {
  const afterMs = Math.round(performance.now() - since.at);
  since[what === 'read' ? 'failedReads' : 'failedWrites'] += 1;
  if (since.failed.length >= 20) return;
  const { code = '', message } = /** @type {NodeJS.ErrnoException} */ (error);
  since.failed.push(`${what} at ${afterMs} ms: ${code} ${message}`);
}

async function write() {
  const key = PREFIX + String(++counter);
  await redis.set(key, String(counter));
  const now = performance.now();
  acked.set(key, Date.now());
  since.gapMs = Math.max(since.gapMs, now - since.lastAck);
  since.lastAck = now;
  since.writes += 1;
}

async function read() {
  await redis.get(PREFIX + String(Math.max(1, counter - 50)));
  since.reads += 1;
}

/**
 * @param {'read' | 'write'} what
 * @param {Promise<void>} promise
 */
function track(what, promise) {
  open += 1;
  promise.catch((error) => fail(what, error)).finally(() => (open -= 1));
}

// As many as are due, half of them writes, however late the timer is.
let due = performance.now();
const timer = setInterval(() => {
  const now = performance.now();
  if (isPaused) due = now;
  for (; due <= now; due += 2000 / PER_SECOND) {
    track('write', write());
    track('read', read());
  }
}, TICK_MS);

const drained = async () => {
  while (open > 0) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** Every acknowledged key, read from the primary. */
async function verify() {
  isPaused = true;
  await drained();
  /** @type {number[]} */
  const lost = [];
  const all = [...acked];
  const primary = redis.with({ readPolicy: 'primary', timeoutMs: 5000 });
  for (let i = 0; i < all.length; i += 500) {
    const part = all.slice(i, i + 500);
    const values = await primary.mget(part.map(([key]) => key));
    part.forEach(([, ackedAt], index) => {
      if (values[index] === null) lost.push(ackedAt);
    });
  }
  const checked = acked.size;
  acked.clear();
  resume();
  return { checked, lost };
}

function resume() {
  since.lastAck = performance.now();
  isPaused = false;
  return { isPaused };
}

/** @type {Record<string, () => object | Promise<object>>} */
const actions = {
  mark: () => {
    since = freshMark();
    return {};
  },
  report: () => ({ ...since, open, failovers: redis.failovers.length }),
  verify,
  pause: async () => {
    isPaused = true;
    await drained();
    return {};
  },
  resume,
  ready: async () => {
    await redis.whenReady(15_000);
    return { mode: redis.status.mode };
  },
  end: async () => {
    clearInterval(timer);
    await app.close();
    return {};
  },
};

const input = createInterface({ input: process.stdin });
for await (const line of input) {
  const { id, action } = JSON.parse(line);
  const answer = await Promise.resolve()
    .then(() => actions[action]?.())
    .catch((/** @type {Error} */ error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);
  if (action === 'end') break;
}
clearInterval(timer);
input.close();
process.exit(0);
