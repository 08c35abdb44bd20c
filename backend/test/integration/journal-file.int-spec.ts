import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { JournalFolder, LOOK_MS } from '../../src/redis/keyspace/journal/disk/journal-folder.js';
import type { JournalRecord } from '../../src/redis/keyspace/journal/disk/journal-log.js';
import { ManualClock, waitUntil } from '../../src/redis/testing/index.js';
import { BACKEND, compileRooms, type CompiledProgram } from '../support/compile-program.js';

const ROOMS = ['base', 'config', 'cluster', 'commands', 'keyspace'];

// Appends without end and says which records are kept. Keys come again, so that the file is also rewritten.
const WRITER = `
const { JournalFolder } = require('./keyspace/journal/disk/journal-folder.js');
const { encodeEntry } = require('./keyspace/store/entry.js');
const { SystemClock } = require('./base/timing/clock.js');
const [dir, fsync, bodyBytes] = process.argv.slice(2);
const seal = { ring: null, fingerprint: 'f' };
const say = (line) => process.stdout.write(line + '\\n');
const recordOf = (no) => {
  const stamp = { wallMs: 1_000_000 + no, count: 0, origin: '0'.repeat(16) };
  const groups = [];
  const entry = encodeEntry({ kind: 'value', stamp, madeAt: no, freshUntil: 0, codec: 0,
    isCompressed: false, groups, body: Buffer.alloc(Number(bodyBytes), no) });
  const write = { key: 'k' + (no % 50), stamp, entry, ttlMs: null, groups };
  return { kind: 'write', write, madeAt: no };
};
JournalFolder.open({ dir, fsync, seal }, new SystemClock()).then(async (file) => {
  file.onAdopted(async (records) => say('ADOPTED ' + records.length));
  say('OPEN ' + file.records.length);
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

/** Its own user and pid namespace, as a container has. Not every machine lets everybody make one. */
const NAMESPACE = ['unshare', '-Upf', '--mount-proc'];
const canUnshare = spawnSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true']).status === 0;
if (!canUnshare) {
  process.stderr.write('SKIPPED: two containers share a journal folder; unshare is not allowed\n');
}

/** A process that writes a journal. */
class Writer {
  readonly kept: number[] = [];
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(fsync = 'always', bodyBytes = 100, namespace: readonly string[] = []) {
    const command = [...namespace, process.execPath, compiled.entry, directory, fsync];
    this.child = spawn(command[0]!, [...command.slice(1), String(bodyBytes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_PATH: join(BACKEND, '..', 'node_modules') },
    });
    writers.add(this);
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** Its number here, also when it has another where it lives. */
  get pid(): number {
    const pid = this.child.pid!;
    const inside = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return inside === '' ? pid : Number(inside);
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
    await endOf(this);
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
let clock: ManualClock;
const writers = new Set<Writer>();
const folders = new Set<JournalFolder>();

beforeAll(() => {
  compiled = compileRooms(ROOMS, { name: 'writer.js', text: WRITER });
});
afterAll(() => {
  fs.rmSync(compiled.directory, { recursive: true });
});
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'redis-ha-journal-'));
  clock = new ManualClock();
});
afterEach(async () => {
  for (const writer of writers) await endOf(writer);
  writers.clear();
  for (const folder of folders) await folder.close();
  folders.clear();
  fs.rmSync(directory, { recursive: true });
});

async function endOf(writer: Writer): Promise<void> {
  const { child } = writer;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(writer.pid, 'SIGKILL');
  await ended;
}

async function openHere(): Promise<JournalFolder> {
  const seal = { ring: null, fingerprint: 'f' };
  const folder = await JournalFolder.open({ dir: directory, fsync: 'always', seal }, clock);
  folders.add(folder);
  return folder;
}

async function closeHere(folder: JournalFolder): Promise<void> {
  folders.delete(folder);
  await folder.close();
}

/** For each key the latest number of its record. */
function numbersIn(records: readonly JournalRecord[]): Map<string, number> {
  return new Map(
    records.flatMap((record) =>
      record.kind === 'write' ? [[record.write.key, record.madeAt] as const] : [],
    ),
  );
}

/** For each key a number at least as late as the latest that a writer was told is kept. */
function expectAllOf(kept: readonly number[], records: readonly JournalRecord[]): void {
  const found = numbersIn(records);
  const latest = new Map<string, number>();
  for (const no of kept) {
    const key = `k${no % 50}`;
    latest.set(key, Math.max(no, latest.get(key) ?? 0));
  }
  for (const [key, no] of latest) expect(found.get(key)).toBeGreaterThanOrEqual(no);
}

/** What shows that a journal was written: it is another text after each write to it. */
function signOf(name: string): string {
  const { size, mtimeMs } = fs.statSync(join(directory, name));
  return `${String(size)} ${String(mtimeMs)}`;
}

function namesHere(ending: string): string[] {
  return fs.readdirSync(directory).filter((name) => name.endsWith(ending));
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
      const writer = new Writer(fsync, bodyBytes);
      expect(await writer.opening()).toBe('OPEN 0');
      await writer.untilKept(count);
      await writer.kill();
      const [name] = namesHere('.journal');
      const { size } = fs.statSync(join(directory, name!));
      expect(size).toBeLessThan(1_048_576 + 4 * 50 * (bodyBytes + 500));
      const folder = await openHere();
      const { records } = folder;
      expectAllOf(writer.kept, records);
      for (const record of records) {
        const entry = record.kind === 'write' ? record.write.entry : Buffer.alloc(0);
        expect(entry.subarray(-bodyBytes).every((byte) => byte === record.madeAt % 256)).toBe(true);
      }
      // One without its head may be that of a process that is just beginning: it is watched for a while.
      for (let looks = 0; looks < 4 && namesHere('.tmp').length > 0; looks++) {
        await clock.advance(LOOK_MS);
        await folder.look();
      }
      expect(namesHere('.tmp')).toEqual([]);
    },
  );

  it('goes from one killed process to the next', async () => {
    let count = 0;
    for (let round = 0; round < 5; round++) {
      const writer = new Writer();
      expect(await writer.opening()).toBe(`OPEN ${count}`);
      await writer.untilKept(60 + round * 17);
      await writer.kill();
      const folder = await openHere();
      expect(folder.records.length).toBeGreaterThanOrEqual(count);
      count = folder.records.length;
      await closeHere(folder);
    }
    expect(count).toBe(50);
  });

  it('is written by several processes side by side, and nothing of any is lost', async () => {
    const several = [new Writer(), new Writer('always', 20_000), new Writer('interval')];
    const openings = await Promise.all(several.map((writer) => writer.opening()));
    expect(openings).toEqual(['OPEN 0', 'OPEN 0', 'OPEN 0']);
    await Promise.all(several.map((writer) => writer.untilKept(300)));
    await Promise.all(several.map((writer) => writer.kill()));
    const { records } = await openHere();
    for (const { kept } of several) expectAllOf(kept, records);
  });

  it('passes from a killed process to one that was there before', async () => {
    const folder = await openHere();
    const adopted: JournalRecord[] = [];
    folder.onAdopted(async (records) => void adopted.push(...records));
    const writer = new Writer();
    await writer.opening();
    await writer.untilKept(100);
    await folder.look();
    expect(adopted).toEqual([]);
    await writer.kill();
    await folder.look();
    expectAllOf(writer.kept, adopted);
    expect(namesHere('.journal')).toHaveLength(1);
  });

  it('passes to one of several processes that find it abandoned at the same time', async () => {
    const first = new Writer();
    await first.opening();
    await first.untilKept(60);
    await first.kill();
    const several = Array.from({ length: 6 }, () => new Writer());
    const openings = await Promise.all(several.map((writer) => writer.opening()));
    const counts = openings.map((line) => Number(line.split(' ')[1]));
    expect(counts.filter((count) => count > 0)).toHaveLength(1);
  });

  (canUnshare ? it : it.skip)(
    'stays with a process of another container while that lives, and is written anew when that was frozen',
    async () => {
      const [one, two] = [
        new Writer('always', 100, NAMESPACE),
        new Writer('always', 100, NAMESPACE),
      ];
      expect(await one.opening()).toBe('OPEN 0');
      expect(await two.opening()).toBe('OPEN 0');
      const folder = await openHere();
      const adopted: JournalRecord[] = [];
      folder.onAdopted(async (records) => void adopted.push(...records));
      const theirs = namesHere('.journal').filter((name) => name !== basename(folder.path));
      for (let looks = 0; looks < 4; looks++) {
        // The clock jumps from look to look: a process that lives has written in between.
        const before = theirs.map(signOf);
        const haveAllWritten = (): boolean => theirs.every((name, i) => signOf(name) !== before[i]);
        await waitUntil(haveAllWritten, { what: 'both have written' });
        await clock.advance(LOOK_MS);
        await folder.look();
      }
      expect(adopted).toEqual([]);

      // A record of each key.
      await one.untilKept(50);
      process.kill(one.pid, 'SIGSTOP');
      const signs = (): string => {
        const others = namesHere('.journal').filter((name) => name !== basename(folder.path));
        return others.map(signOf).join();
      };
      const lookUntil = async (isDone: () => boolean): Promise<void> => {
        for (let looks = 0; looks < 4 && !isDone(); looks++) {
          const before = signs();
          await waitUntil(() => signs() !== before, { what: 'the one that lives has written' });
          await clock.advance(LOOK_MS);
          await folder.look();
        }
      };
      await lookUntil(() => adopted.length > 0);
      expect(adopted.length).toBe(50);
      const count = namesHere('.journal').length;
      process.kill(one.pid, 'SIGCONT');
      await waitUntil(() => namesHere('.journal').length === count + 1, { what: 'its new file' });
      await one.untilKept(one.kept.length + 100);
      await one.kill();
      await lookUntil(() => namesHere('.journal').length === count);
      expectAllOf(one.kept, folder.records);
    },
  );
});
