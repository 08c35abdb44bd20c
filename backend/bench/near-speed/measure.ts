import { startRedisServer } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { now, sleep } from '../common/clock.js';
import { zipf } from '../common/zipf.js';
import { openReader, type SpeedReader } from './readers.js';
import type { ReaderKind } from './values.js';

/** One leg of one reader. */
export interface SpeedLeg {
  readonly kind: ReaderKind;
  readonly perSecond: number;
  readonly hitRate: number;
  /** Writes of the other process for each read. */
  readonly writeShare: number;
  /** Processor time of the reading process for each read, in microseconds. */
  readonly usEach: number;
}

/** How long it is measured, and of how many keys. */
export interface SpeedOrder {
  readonly keys: number;
  readonly rounds: number;
  readonly legMs: number;
  readonly kinds: readonly ReaderKind[];
}

const CALLERS = 100;
const WRITE_SHARE = 0.01;
const WRITE_EVERY_MS = 20;
const TURN_EVERY = 64;
const WARM_MS = 1_000;
const HOT_KEYS = 1_000;
const PORTION = 256;
const DRAWS = 2 ** 20;

/** Reads by Zipf(1.0), while another process writes one key for a hundred reads: of all readers in turns. */
export async function measureZipf({ keys, rounds, legMs, kinds }: SpeedOrder): Promise<SpeedLeg[]> {
  await using server = await startRedisServer();
  const { port } = server.node.address;
  const writer = Child.start('writer', new URL('./writer-process.js', import.meta.url));
  const readers: SpeedReader[] = [];
  const legs: SpeedLeg[] = [];
  try {
    await writer.call('open', port, keys);
    for (const kind of kinds) readers.push(await openReader(kind, port, keys));
    const names = Array.from({ length: keys }, (_, i) => String(i));
    const next = drawn(names);
    const leg = (reader: SpeedReader, ms: number): Promise<SpeedLeg> =>
      runLeg(reader, writer, next, ms);
    for (const reader of readers) if (reader.kind !== 'ioredis') await readAll(reader, names);
    for (const reader of readers) await leg(reader, WARM_MS);
    for (let round = 0; round < rounds; round++) {
      for (const reader of readers) legs.push(await leg(reader, legMs));
    }
    await writer.call('close');
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
    await writer.end();
  }
  return legs;
}

// Drawn before: to draw one costs more than a hit does, and would be counted as a part of it.
function drawn(names: readonly string[]): () => string {
  const next = zipf(names.length, 1, 1);
  const draws = Uint32Array.from({ length: DRAWS }, next);
  let at = 0;
  return () => {
    at = (at + 1) % DRAWS;
    return names[draws[at] ?? 0] ?? '';
  };
}

async function readAll(reader: SpeedReader, names: readonly string[]): Promise<void> {
  for (let from = 0; from < names.length; from += PORTION) {
    await Promise.all(names.slice(from, from + PORTION).map((name) => reader.get(name)));
  }
}

async function runLeg(
  reader: SpeedReader,
  writer: Child,
  nextKey: () => string,
  ms: number,
): Promise<SpeedLeg> {
  let [reads, writes] = [0, 0];
  const hitsBefore = reader.hits();
  const before = process.cpuUsage();
  const endsAt = now() + ms;
  const call = async (): Promise<void> => {
    while (now() < endsAt) {
      for (let i = 0; i < TURN_EVERY; i++) await reader.get(nextKey());
      reads += TURN_EVERY;
      // Near copies never let the event loop turn by themselves.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const startedAt = now();
  const isPlain = reader.kind === 'ioredis' || reader.kind === 'redis.near';
  // What is no copy of something in Redis is not written.
  const isWritten = reader.kind !== 'Map with copies' && reader.kind !== 'lru-cache';
  const write = async (): Promise<void> => {
    while (isWritten && now() < endsAt) {
      const due = Math.floor(reads * WRITE_SHARE) - writes;
      if (due > 0) await writer.call('write', due, isPlain);
      writes += Math.max(0, due);
      await sleep(WRITE_EVERY_MS);
    }
  };
  const writing = write();
  await Promise.all(Array.from({ length: CALLERS }, call));
  const readMs = now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  // What was asked for last is written after the leg.
  const written = writes;
  await writing;
  return {
    kind: reader.kind,
    perSecond: (reads * 1_000) / readMs,
    hitRate: (reader.hits() - hitsBefore) / reads,
    writeShare: written / reads,
    usEach: (user + system) / reads,
  };
}

/** Hits alone, one after the other: what one core can do. */
export async function measureHits({ rounds, legMs, kinds }: SpeedOrder): Promise<SpeedLeg[]> {
  await using server = await startRedisServer();
  const { port } = server.node.address;
  const writer = Child.start('writer', new URL('./writer-process.js', import.meta.url));
  const readers: SpeedReader[] = [];
  const legs: SpeedLeg[] = [];
  const names = Array.from({ length: HOT_KEYS }, (_, i) => String(i));
  try {
    await writer.call('open', port, HOT_KEYS);
    for (const kind of kinds) readers.push(await openReader(kind, port, HOT_KEYS));
    for (const reader of readers) await readAll(reader, names);
    for (const reader of readers) await runHits(reader, names, legMs);
    for (let round = 0; round < rounds; round++) {
      for (const reader of readers) legs.push(await runHits(reader, names, legMs));
    }
    await writer.call('close');
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
    await writer.end();
  }
  return legs;
}

async function runHits(
  reader: SpeedReader,
  names: readonly string[],
  ms: number,
): Promise<SpeedLeg> {
  const hitsBefore = reader.hits();
  const before = process.cpuUsage();
  const startedAt = now();
  let reads = 0;
  for (let at = 0; now() - startedAt < ms; reads += PORTION) {
    for (let i = 0; i < PORTION; i++) {
      await reader.get(names[at] ?? '');
      at = at + 1 === names.length ? 0 : at + 1;
    }
    if (reads % (PORTION * TURN_EVERY) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const perSecond = (reads * 1_000) / (now() - startedAt);
  const { user, system } = process.cpuUsage(before);
  return {
    kind: reader.kind,
    perSecond,
    hitRate: (reader.hits() - hitsBefore) / reads,
    writeShare: 0,
    usEach: (user + system) / reads,
  };
}
