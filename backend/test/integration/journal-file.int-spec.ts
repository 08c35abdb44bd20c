import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { JournalFile } from '../../src/redis/keyspace/journal/journal-file.js';
import type { JournalRecord } from '../../src/redis/keyspace/journal/journal-log.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { BACKEND, compileRooms, type CompiledProgram } from '../support/compile-program.js';

const ROOMS = ['base', 'config', 'cluster', 'commands', 'keyspace'];

// Appends without end and says which records are kept. Keys come again, so that the file is also rewritten.
const WRITER = `
const { JournalFile } = require('./keyspace/journal/journal-file.js');
const { encodeEntry } = require('./keyspace/store/entry.js');
const { SystemClock } = require('./base/timing/clock.js');
const [path, fsync, bodyBytes] = process.argv.slice(2);
const say = (line) => process.stdout.write(line + '\\n');
const recordOf = (no) => {
  const stamp = { wallMs: 1_000_000 + no, count: 0, origin: '0'.repeat(16) };
  const groups = [];
  const entry = encodeEntry({ kind: 'value', stamp, freshUntil: 0, codec: 0, isCompressed: false,
    groups, body: Buffer.alloc(Number(bodyBytes), no) });
  const write = { key: 'k' + (no % 50), stamp, entry, ttlMs: null, groups };
  return { kind: 'write', write, madeAt: no };
};
JournalFile.open({ path, fsync }, new SystemClock()).then(async (file) => {
  say('OPEN');
  const lane = async (no) => {
    for (; ; no += 5) {
      await file.append(recordOf(no));
      say('KEPT ' + no);
      if (no % 3 === 0 && no > 250) file.settle(recordOf(no - 250));
    }
  };
  await Promise.all([0, 1, 2, 3, 4].map(lane));
}).catch((error) => say('FAILED ' + (error.details?.reason ?? error)));
`;

/** A process that writes a journal. */
class Writer {
  readonly kept: number[] = [];
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string, fsync = 'always', bodyBytes = 100) {
    this.child = spawn(process.execPath, [compiled.entry, path, fsync, String(bodyBytes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_PATH: join(BACKEND, '..', 'node_modules') },
    });
    writers.add(this);
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** The first thing it says. */
  async opening(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  async untilKept(count: number): Promise<void> {
    while (this.kept.length < count) await this.#read();
  }

  /** Ends it in the middle of its work, and reads what it had said until then. */
  async kill(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    while (await this.#read());
  }

  async #read(): Promise<boolean> {
    const { value, done } = await this.#lines.next();
    if (done === true) return false;
    const [word, no] = value.split(' ');
    expect(word).toBe('KEPT');
    this.kept.push(Number(no));
    return true;
  }
}

let compiled: CompiledProgram;
let directory: string;
let path: string;
const writers = new Set<Writer>();

beforeAll(() => {
  compiled = compileRooms(ROOMS, { name: 'writer.js', text: WRITER });
});
afterAll(() => {
  fs.rmSync(compiled.directory, { recursive: true });
});
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'redis-ha-journal-'));
  path = join(directory, 'journal');
});
afterEach(async () => {
  for (const { child } of writers) child.kill('SIGKILL');
  writers.clear();
  fs.rmSync(directory, { recursive: true });
});

async function openHere(): Promise<JournalFile> {
  return JournalFile.open({ path, fsync: 'always' }, new ManualClock());
}

/** For each key the latest number of its record. */
function numbersIn(records: readonly JournalRecord[]): Map<string, number> {
  return new Map(
    records.flatMap((record) =>
      record.kind === 'write' ? [[record.write.key, record.madeAt] as const] : [],
    ),
  );
}

describe('a journal on disk', () => {
  // Small records bring many commits, large ones many rewrites of the file.
  it.each([
    ['always', 100, 400],
    ['always', 100, 1_001],
    ['always', 20_000, 703],
    ['always', 20_000, 1_404],
    ['interval', 20_000, 905],
    ['never', 100, 606],
  ])(
    'has what a process was told it has, when that is killed (%s, %d bytes, after %d)',
    async (fsync, bodyBytes, count) => {
      const writer = new Writer(path, fsync, bodyBytes);
      expect(await writer.opening()).toBe('OPEN');
      await writer.untilKept(count);
      await writer.kill();
      const file = await openHere();
      const found = numbersIn(file.records);
      const latest = new Map<string, number>();
      for (const no of writer.kept) {
        const key = `k${no % 50}`;
        latest.set(key, Math.max(no, latest.get(key) ?? 0));
      }
      for (const [key, no] of latest) expect(found.get(key)).toBeGreaterThanOrEqual(no);
      for (const record of file.records) {
        const entry = record.kind === 'write' ? record.write.entry : Buffer.alloc(0);
        expect(entry.subarray(-bodyBytes).every((byte) => byte === record.madeAt % 256)).toBe(true);
      }
      expect(file.size).toBeLessThan(1_048_576 + 4 * 50 * (bodyBytes + 500));
      await file.close();
    },
  );

  it('goes from one killed process to the next', async () => {
    let count = 0;
    for (let round = 0; round < 5; round++) {
      const writer = new Writer(path);
      expect(await writer.opening()).toBe('OPEN');
      await writer.untilKept(60 + round * 17);
      await writer.kill();
      const file = await openHere();
      expect(file.records.length).toBeGreaterThanOrEqual(count);
      count = file.records.length;
      await file.close();
    }
    expect(count).toBe(50);
  });

  it('belongs to one process as long as that lives', async () => {
    const writer = new Writer(path);
    expect(await writer.opening()).toBe('OPEN');
    await writer.untilKept(10);
    await expect(openHere()).rejects.toMatchObject({
      code: 'JOURNAL_FILE_FAILED',
      details: { field: 'journal.file', reason: 'is in use by another process' },
    });
    const second = new Writer(path);
    expect(await second.opening()).toBe('FAILED is in use by another process');
    await writer.untilKept(500);
    await writer.kill();
    const file = await openHere();
    expect(file.damagedBytes).toBeLessThan(5_000);
    expect(await new Writer(path).opening()).toBe('FAILED is in use by another process');
    await file.close();
    expect(await new Writer(path).opening()).toBe('OPEN');
  });

  it('belongs to one of several processes that find it abandoned at the same time', async () => {
    const first = new Writer(path);
    await first.opening();
    await first.kill();
    const several = Array.from({ length: 6 }, () => new Writer(path));
    const openings = await Promise.all(several.map((writer) => writer.opening()));
    expect(openings.filter((line) => line === 'OPEN')).toHaveLength(1);
    expect(openings.filter((line) => line === 'FAILED is in use by another process')).toHaveLength(
      5,
    );
  });
});
