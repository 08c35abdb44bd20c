import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { ManualClock, waitUntil } from '../../testing/index.js';
import type { Disk } from './journal-disk.js';
import { JournalFile } from './journal-file.js';
import { encodeFrame } from './journal-frames.js';
import type { JournalRecord } from './journal-log.js';

const HEADER = 8;

type Step = 'open' | 'rename' | 'rm' | 'write' | 'datasync' | 'sync' | 'truncate';

/** The disk, with faults on demand. */
class FaultyDisk implements Disk {
  readonly counts: Record<Step, number> = {
    open: 0,
    rename: 0,
    rm: 0,
    write: 0,
    datasync: 0,
    sync: 0,
    truncate: 0,
  };
  readonly faults = new Map<Step, string>();
  /** So many bytes can still be written. */
  room = Infinity;
  /** Holds a step back until it resolves. */
  before: (step: Step) => Promise<void> | void = () => undefined;

  readonly open: Disk['open'] = async (...args) => {
    await this.#step('open');
    return this.#watch(await fs.open(...args));
  };

  readonly rename: Disk['rename'] = async (...args) => {
    await this.#step('rename');
    return fs.rename(...args);
  };

  readonly rm: Disk['rm'] = async (...args) => {
    await this.#step('rm');
    return fs.rm(...args);
  };

  async #step(step: Step): Promise<void> {
    this.counts[step]++;
    await this.before(step);
    const code = this.faults.get(step);
    if (code !== undefined) throw faultOf(code);
  }

  #watch(handle: fs.FileHandle): fs.FileHandle {
    const write = async (bytes: Buffer, offset: number): Promise<{ bytesWritten: number }> => {
      await this.#step('write');
      const length = Math.min(this.room, bytes.length - offset);
      if (length === 0) throw faultOf('ENOSPC');
      this.room -= length;
      return handle.write(bytes, offset, length);
    };
    return new Proxy(handle, {
      get: (_, name: keyof fs.FileHandle & Step) => {
        if ((name as string) === 'write') return write;
        const method: unknown = handle[name];
        if (typeof method !== 'function') return method;
        if (!(name in this.counts)) return method.bind(handle) as unknown;
        return async (...args: unknown[]): Promise<unknown> => {
          await this.#step(name);
          return method.apply(handle, args) as unknown;
        };
      },
    });
  }
}

function faultOf(code: string): Error {
  return Object.assign(new TypeError(`${code} by order`), { code });
}

function recordOf(key: string, no: number, body = ''): JournalRecord {
  return { kind: 'write', write: setOf(key, stampNo(no), { body }), madeAt: 1 };
}

describe('JournalFile', () => {
  let directory: string;
  let path: string;
  let clock: ManualClock;
  let failures: string[];
  const opened = new Set<JournalFile>();

  const open = async (
    change: Partial<Parameters<typeof JournalFile.open>[0]> = {},
    disk?: Disk,
  ): Promise<JournalFile> => {
    const onFailure = (reason: string): void => void failures.push(reason);
    const options = { path, fsync: 'always', onFailure, ...change } as const;
    const file = await JournalFile.open(options, clock, disk);
    opened.add(file);
    return file;
  };
  /** What the next process finds. */
  const reopen = async (): Promise<JournalRecord[]> => {
    for (const file of opened) await file.close();
    opened.clear();
    const file = await open();
    const { records } = file;
    await file.close();
    return records;
  };
  const appendAll = async (file: JournalFile, records: JournalRecord[]): Promise<void> => {
    await Promise.all(records.map((record) => file.append(record)));
  };

  /** Writes until the file is worth a rewrite: four records are left of it. */
  const grow = async (file: JournalFile, key: string): Promise<void> => {
    for (const no of [1, 100, 200]) await appendAll(file, large(key, no));
  };

  beforeEach(async () => {
    directory = await fs.mkdtemp(join(tmpdir(), 'redis-ha-journal-'));
    path = join(directory, 'journal');
    clock = new ManualClock();
    failures = [];
  });
  afterEach(async () => {
    for (const file of opened) await file.close();
    opened.clear();
    await fs.rm(directory, { recursive: true });
  });

  describe('keeps records', () => {
    it('for the next process, in their order', async () => {
      const file = await open();
      expect(file.records).toEqual([]);
      const records = [recordOf('a', 1, 'x'), recordOf('b', 2), recordOf('c', 3)];
      await appendAll(file, records);
      expect(file.records).toEqual(records);
      expect(await reopen()).toEqual(records);
      expect(failures).toEqual([]);
    });

    it('the newest of each key, without what was settled', async () => {
      const file = await open();
      await appendAll(file, [
        recordOf('a', 1),
        recordOf('b', 2),
        recordOf('a', 3),
        recordOf('c', 4),
      ]);
      file.settle(recordOf('b', 2));
      file.settle(recordOf('a', 2));
      file.settle(recordOf('c', 9));
      expect(await reopen()).toEqual([recordOf('a', 3)]);
    });

    it('that a killed process had written, whatever it did last', async () => {
      const file = await open();
      await file.append(recordOf('a', 1));
      // The file as it stands, without being closed.
      await fs.copyFile(path, join(directory, 'copy'));
      const copy = await open({ path: join(directory, 'copy') });
      expect(copy.records).toEqual([recordOf('a', 1)]);
      expect(copy.damagedBytes).toBe(0);
    });

    it('from other eyes', async () => {
      await fs.writeFile(path, '', { mode: 0o666 });
      const file = await open();
      await file.append(recordOf('a', 1));
      for (const name of ['journal', 'journal.lock']) {
        expect((await fs.stat(join(directory, name))).mode & 0o777).toBe(0o600);
      }
      await grow(file, 'b');
      expect((await fs.stat(path)).mode & 0o777).toBe(0o600);
    });

    it('until it is closed, those that are on their way included', async () => {
      const file = await open();
      const appends = [1, 2, 3].map((no) => file.append(recordOf(`k${no}`, no)));
      const closing = file.close();
      const late = file.append(recordOf('late', 9));
      await expect(late).rejects.toMatchObject({ code: 'CLOSED' });
      file.settle(recordOf('k1', 1));
      await Promise.all([...appends, closing, file.close()]);
      expect(await reopen()).toHaveLength(3);
      expect(clock.pending).toBe(0);
      expect(await fs.readdir(directory)).toEqual(['journal']);
    });
  });

  describe('brings records to the disk', () => {
    it('together when they come together, or while the disk is busy', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      const release: (() => void)[] = [];
      disk.before = (step) =>
        step === 'datasync' ? new Promise((done) => release.push(done)) : undefined;
      const first = appendAll(file, [recordOf('a', 1), recordOf('b', 1), recordOf('c', 1)]);
      await waitUntil(() => release.length === 1, { what: 'the first sync', everyMs: 1 });
      const second = appendAll(file, [recordOf('d', 1), recordOf('e', 1)]);
      const done: string[] = [];
      void first.then(() => done.push('first'));
      void second.then(() => done.push('second'));
      await clock.advance(100);
      expect(done).toEqual([]);
      release[0]!();
      await first;
      await waitUntil(() => release.length === 2, { what: 'the second sync', everyMs: 1 });
      expect(done).toEqual(['first']);
      release[1]!();
      await second;
      expect(disk.counts).toMatchObject({ write: 3, datasync: 2 });
    });

    it('in portions when there is very much of it', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      const body = 'x'.repeat(1_000_000);
      const records = Array.from({ length: 10 }, (_, i) => recordOf(`k${i}`, 1, body));
      await appendAll(file, records);
      expect(disk.counts.datasync).toBe(2);
      expect(bodiesOf(await reopen())).toEqual(bodiesOf(records));
    });

    it('not for settling alone', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      await appendAll(file, [recordOf('a', 1), recordOf('b', 1)]);
      const { write } = disk.counts;
      file.settle(recordOf('a', 1));
      await waitUntil(() => disk.counts.write > write, { what: 'the line', everyMs: 1 });
      file.settle(recordOf('a', 1));
      await waitUntil(() => disk.counts.write > write + 1, { what: 'the next', everyMs: 1 });
      expect(disk.counts.datasync).toBe(1);
      await file.close();
      expect(disk.counts.datasync).toBe(2);
    });

    it('several times a second with fsync: interval', async () => {
      const disk = new FaultyDisk();
      const file = await open({ fsync: 'interval', intervalMs: 50 }, disk);
      await file.append(recordOf('a', 1));
      await clock.advance(49);
      await file.append(recordOf('b', 1));
      expect(disk.counts.datasync).toBe(0);
      await clock.advance(1);
      await waitUntil(() => disk.counts.datasync === 1, { what: 'the sync', everyMs: 1 });
      await clock.advance(1_000);
      expect(disk.counts.datasync).toBe(1);
      await file.append(recordOf('c', 1));
      await file.close();
      expect(disk.counts.datasync).toBe(2);
    });

    it('never with fsync: never', async () => {
      const disk = new FaultyDisk();
      const file = await open({ fsync: 'never' }, disk);
      await file.append(recordOf('a', 1));
      await clock.advance(60_000);
      await file.close();
      expect(disk.counts.datasync).toBe(0);
      expect(await reopen()).toHaveLength(1);
    });
  });

  describe('opens a file that was damaged', () => {
    const records = [recordOf('a', 1, 'first'), recordOf('b', 2), recordOf('c', 3, 'last')];
    const frames = records.map(encodeFrame);
    const start = HEADER + frames[0]!.length + frames[1]!.length;
    let whole: Buffer;

    beforeEach(async () => {
      await appendAll(await open(), records);
      expect(await reopen()).toEqual(records);
      whole = await fs.readFile(path);
      expect(whole.length).toBe(start + frames[2]!.length);
    });

    it('at whichever byte of the last record it is torn, and goes on from there', async () => {
      for (let end = start; end < whole.length; end++) {
        await fs.writeFile(path, whole.subarray(0, end));
        const file = await open({ fsync: 'never' });
        expect(file.records).toEqual(records.slice(0, 2));
        expect(file.damagedBytes).toBe(end - start);
        expect((await fs.stat(path)).size).toBe(start);
        await file.append(recordOf('d', 4));
        await file.close();
        const again = await open({ fsync: 'never' });
        expect(again.records).toEqual([...records.slice(0, 2), recordOf('d', 4)]);
        expect(again.damagedBytes).toBe(0);
        await again.close();
      }
    }, 30_000);

    it('at whichever bit of the last record it is wrong', async () => {
      for (let bit = start * 8; bit < whole.length * 8; bit += 41) {
        const damaged = Buffer.from(whole);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        await fs.writeFile(path, damaged);
        const file = await open({ fsync: 'never' });
        expect(file.records).toEqual(records.slice(0, 2));
        expect(file.damagedBytes).toBe(whole.length - start);
        await file.close();
      }
    }, 30_000);

    it('in the middle: it keeps what comes before', async () => {
      const damaged = Buffer.from(whole);
      damaged[HEADER + frames[0]!.length + 20]! ^= 1;
      await fs.writeFile(path, damaged);
      const file = await open();
      expect(file.records).toEqual([records[0]]);
      expect(file.damagedBytes).toBe(frames[1]!.length + frames[2]!.length);
    });

    it('with zeros after the end, as some file systems leave after a power failure', async () => {
      await fs.appendFile(path, Buffer.alloc(4_096));
      const file = await open();
      expect(file.records).toEqual(records);
      expect(file.damagedBytes).toBe(4_096);
    });

    it('of which only a part of the head was written', async () => {
      for (let end = 0; end < HEADER; end++) {
        await fs.writeFile(path, whole.subarray(0, end));
        const file = await open();
        expect(file.records).toEqual([]);
        await file.append(recordOf('a', 1));
        await file.close();
        expect((await open()).records).toHaveLength(1);
        for (const other of opened) await other.close();
      }
    });

    it('by a process that was killed while it rewrote the file', async () => {
      await fs.writeFile(`${path}.tmp`, whole.subarray(0, start + 5));
      const file = await open();
      expect(file.records).toEqual(records);
      await grow(file, 'd');
      expect(await reopen()).toHaveLength(records.length + 4);
      expect(existsSync(`${path}.tmp`)).toBe(false);
    });
  });

  describe('refuses', () => {
    const refusal = (reason: unknown, remedy: unknown = expect.any(String)): object => ({
      code: 'JOURNAL_FILE_FAILED',
      details: { field: 'journal.file', reason, remedy },
    });

    it('a file of a later version, and leaves it alone', async () => {
      const later = Buffer.concat([Buffer.from('RHJL\0\x02\0\0'), encodeFrame(recordOf('a', 1))]);
      await fs.writeFile(path, later);
      const reason = 'has the format 2, which this version does not know';
      await expect(open()).rejects.toMatchObject(refusal(reason));
      expect(await fs.readFile(path)).toEqual(later);
      expect(existsSync(`${path}.lock`)).toBe(false);
    });

    it.each([
      ['text', 'important, and no journal'],
      ['a little text', 'abc'],
      ['almost the head', 'RHJL\0\x09'],
    ])('a file that is no journal: %s', async (_, text) => {
      await fs.writeFile(path, text);
      await expect(open()).rejects.toMatchObject(refusal('is not a journal'));
      expect(await fs.readFile(path, 'utf8')).toBe(text);
    });

    it('what is no place for a file', async () => {
      await expect(open({ path: directory })).rejects.toMatchObject(
        refusal('EISDIR', 'Name a file, not a directory'),
      );
      await expect(open({ path: join(directory, 'no', 'where') })).rejects.toMatchObject(
        refusal('ENOENT', 'Create its directory'),
      );
      await expect(open({ path: `${path}\0` })).rejects.toMatchObject(
        refusal('ERR_INVALID_ARG_VALUE'),
      );
    });

    it.each<[Step, string]>([
      ['open', 'EMFILE'],
      ['write', 'ENOSPC'],
      ['sync', 'EIO'],
    ])('a disk that refuses when it is opened, and leaves no lock: %s', async (step, code) => {
      const disk = new FaultyDisk();
      disk.faults.set(step, code);
      await expect(open({}, disk)).rejects.toMatchObject(refusal(code));
      expect(existsSync(`${path}.lock`)).toBe(false);
      await open();
    });

    it('a second journal in this process, by whichever name', async () => {
      await open();
      const reason = 'is open in this process already';
      await expect(open()).rejects.toMatchObject(refusal(reason));
      await fs.symlink(path, join(directory, 'link'));
      await expect(open({ path: join(directory, 'link') })).rejects.toMatchObject(refusal(reason));
    });
  });

  describe('when another process may have the file', () => {
    const lockOf = async (lock: Record<string, unknown> | string): Promise<void> => {
      const text = typeof lock === 'string' ? lock : JSON.stringify({ host: hostname(), ...lock });
      await fs.writeFile(`${path}.lock`, text);
    };
    const inUse = {
      code: 'JOURNAL_FILE_FAILED',
      details: { reason: 'is in use by another process', remedy: expect.stringContaining('.lock') },
    };
    /** Opens while the lock is watched. */
    const openWatching = async (meanwhile: () => Promise<void>): Promise<JournalFile> => {
      const opening = open();
      opening.catch(() => undefined);
      await waitUntil(() => clock.pending === 1, { what: 'the watch', everyMs: 1 });
      await clock.advance(4_999);
      await meanwhile();
      await clock.advance(1);
      return opening;
    };
    // The parent lives as long as this test, and has not opened anything.
    const pid = process.ppid;

    it('refuses it while that lives', async () => {
      await lockOf({ pid, startedAt: null });
      await expect(open()).rejects.toMatchObject(inUse);
      expect(await fs.readFile(`${path}.lock`, 'utf8')).toContain(String(pid));
      await fs.rm(`${path}.lock`);
      await open();
    });

    it('takes it over when that is dead', async () => {
      await lockOf({ pid: 2 ** 22 + 1, startedAt: null });
      await open();
      expect(await fs.readFile(`${path}.lock`, 'utf8')).toContain(`"pid":${process.pid},`);
    });

    it('takes it over when its number is that of another by now, where that can be told', async () => {
      await lockOf({ pid, startedAt: 'long ago' });
      const opening = open();
      if (existsSync('/proc/self/stat')) await opening;
      else await expect(opening).rejects.toMatchObject(inUse);
    });

    it('takes it over when that had the number that this one has, as in a container', async () => {
      await lockOf({ pid: process.pid, startedAt: 'long ago' });
      await open();
    });

    it.each([
      ['of another machine', { host: 'elsewhere', pid: 1 }],
      ['that says nothing', ''],
      ['that is no lock of ours', 'null'],
      ['with a number that is none', { pid: 'one' }],
    ])('watches a lock %s, and takes it over when it gives no sign of life', async (_, lock) => {
      await lockOf(lock);
      await openWatching(async () => undefined);
    });

    it('refuses the file when such a lock gives one', async () => {
      await lockOf({ host: 'elsewhere', pid: 1 });
      const opening = openWatching(() => fs.utimes(`${path}.lock`, 1, 1));
      await expect(opening).rejects.toMatchObject(inUse);
    });

    it('gives signs of life itself', async () => {
      const file = await open();
      await fs.utimes(`${path}.lock`, 1, 1);
      await clock.advance(2_000);
      await waitUntil(async () => (await fs.stat(`${path}.lock`)).mtimeMs > 1_000, {
        what: 'a sign of life',
        everyMs: 1,
      });
      await file.close();
    });

    it('leaves a lock alone that is not its own any more', async () => {
      const file = await open();
      await lockOf({ pid, startedAt: null });
      await file.close();
      expect(existsSync(`${path}.lock`)).toBe(true);
    });
  });

  describe('when the disk refuses', () => {
    let disk: FaultyDisk;
    let file: JournalFile;

    beforeEach(async () => {
      disk = new FaultyDisk();
      file = await open({}, disk);
      await file.append(recordOf('before', 1));
    });

    it('says so, at once until it has tried again, and goes on when it can', async () => {
      disk.room = 0;
      const refused = { code: 'JOURNAL_FILE_FAILED', details: { reason: 'ENOSPC' } };
      await expect(file.append(recordOf('a', 1))).rejects.toMatchObject(refused);
      const { write } = disk.counts;
      await expect(file.append(recordOf('b', 1))).rejects.toMatchObject(refused);
      expect(disk.counts.write).toBe(write);
      disk.room = Infinity;
      await clock.advance(999);
      await expect(file.append(recordOf('c', 1))).rejects.toMatchObject(refused);
      await clock.advance(1);
      await file.append(recordOf('d', 1));
      expect(failures).toEqual(['ENOSPC']);
      expect(await reopen()).toEqual([recordOf('before', 1), recordOf('d', 1)]);
    });

    it('leaves nothing of a record that was written in part', async () => {
      disk.room = 10;
      await expect(file.append(recordOf('a', 1))).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      disk.room = Infinity;
      await clock.advance(1_000);
      await file.append(recordOf('b', 1));
      await file.close();
      const again = await open();
      expect(again.records).toEqual([recordOf('before', 1), recordOf('b', 1)]);
      expect(again.damagedBytes).toBe(0);
    });

    it('rewrites the file after a failed fsync, since nobody knows what is in it', async () => {
      disk.faults.set('datasync', 'EIO');
      await expect(file.append(recordOf('lost', 1))).rejects.toMatchObject({
        details: { reason: 'EIO' },
      });
      disk.faults.clear();
      await clock.advance(1_000);
      await file.append(recordOf('after', 1));
      expect(disk.counts.rename).toBe(1);
      expect(await reopen()).toEqual([recordOf('before', 1), recordOf('after', 1)]);
      expect(failures).toEqual(['EIO']);
    });

    it.each<Step>(['truncate', 'write'])(
      'tries until it succeeds after a failed write, and reports the failure once: %s',
      async (step) => {
        disk.room = 3;
        await expect(file.append(recordOf('a', 1))).rejects.toThrow();
        disk.room = Infinity;
        disk.faults.set(step, 'EIO');
        await clock.advance(1_000);
        await expect(file.append(recordOf('b', 1))).rejects.toThrow();
        disk.faults.clear();
        await clock.advance(1_000);
        await file.append(recordOf('c', 1));
        expect(await reopen()).toEqual([recordOf('before', 1), recordOf('c', 1)]);
        expect(failures.slice(1)).toEqual(step === 'truncate' ? [] : ['EIO']);
      },
    );

    it.each<Step>(['open', 'write', 'sync', 'rename', 'rm'])(
      'tries until the file is rewritten: %s',
      async (step) => {
        disk.faults.set('datasync', 'EIO');
        await expect(file.append(recordOf('lost', 1))).rejects.toThrow();
        disk.faults.clear();
        disk.faults.set(step, 'EIO');
        await clock.advance(1_000);
        await expect(file.append(recordOf('b', 1))).rejects.toMatchObject({
          details: { reason: 'EIO' },
        });
        disk.faults.clear();
        const { rename } = disk.counts;
        await clock.advance(1_000);
        await file.append(recordOf('c', 1));
        expect(disk.counts.rename).toBe(rename + 1);
        expect(existsSync(`${path}.tmp`)).toBe(false);
        expect(await reopen()).toEqual([recordOf('before', 1), recordOf('c', 1)]);
        expect(failures).toEqual(['EIO']);
      },
    );

    it('brings to the disk later what it could not bring in time', async () => {
      await file.close();
      file = await open({ fsync: 'interval', intervalMs: 50 }, disk);
      await file.append(recordOf('a', 1));
      disk.faults.set('datasync', 'EIO');
      await clock.advance(50);
      await expect(file.append(recordOf('b', 1))).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      disk.faults.clear();
      await clock.advance(1_000);
      await file.append(recordOf('c', 1));
      expect(await reopen()).toEqual([recordOf('before', 1), recordOf('a', 1), recordOf('c', 1)]);
    });

    it('forgets what was settled anyway', async () => {
      disk.room = 0;
      await expect(file.append(recordOf('a', 1))).rejects.toThrow();
      file.settle(recordOf('before', 1));
      disk.room = Infinity;
      await clock.advance(1_000);
      await file.append(recordOf('b', 1));
      expect(file.records).toEqual([recordOf('b', 1)]);
    });

    it('closes anyway', async () => {
      disk.room = 0;
      const refused = expect(file.append(recordOf('a', 1))).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      await file.close();
      await refused;
      expect(clock.pending).toBe(0);
      expect(existsSync(`${path}.lock`)).toBe(false);
      expect(await reopen()).toEqual([recordOf('before', 1)]);
    });
  });

  describe('stays small', () => {
    it('and is empty when nothing is pending', async () => {
      const file = await open();
      await appendAll(file, [recordOf('a', 1), recordOf('b', 1)]);
      file.settle(recordOf('a', 1));
      file.settle(recordOf('b', 1));
      await file.append(recordOf('c', 1));
      file.settle(recordOf('c', 1));
      await file.close();
      expect((await fs.stat(path)).size).toBe(HEADER);
      expect(file.size).toBe(HEADER);
    });

    it('and holds at most as much that is over as what is not', async () => {
      const disk = new FaultyDisk();
      const file = await open({ fsync: 'never' }, disk);
      const body = 'x'.repeat(50_000);
      for (let no = 0; no < 300; no++) {
        await file.append(recordOf(`k${no % 10}`, no, body));
        const { size } = await fs.stat(path);
        expect(size).toBe(file.size);
        expect(size).toBeLessThan(1_048_576 + 60_000);
      }
      // Each rewrite has removed at least half of the file.
      expect(disk.counts.rename).toBeGreaterThan(10);
      expect(disk.counts.rename).toBeLessThan(40);
      const left = await reopen();
      expect(left.map((record) => record.kind === 'write' && record.write.stamp)).toEqual(
        Array.from({ length: 10 }, (_, i) => stampNo(290 + i)),
      );
    });

    it('and is not rewritten while all of it counts', async () => {
      const disk = new FaultyDisk();
      const file = await open({ fsync: 'never' }, disk);
      const body = 'x'.repeat(100_000);
      for (let no = 0; no < 30; no++) await file.append(recordOf(`k${no}`, no, body));
      expect(disk.counts.rename).toBe(0);
    });

    it('and is not rewritten for a few bytes', async () => {
      const disk = new FaultyDisk();
      const file = await open({ fsync: 'never' }, disk);
      for (let no = 0; no < 100; no++) await file.append(recordOf('a', no));
      expect(disk.counts.rename).toBe(0);
    });

    it('and stays where a link says it is', async () => {
      const link = join(directory, 'link');
      await (await open()).close();
      await fs.symlink(path, link);
      const file = await open({ path: link });
      await grow(file, 'a');
      expect((await fs.lstat(link)).isSymbolicLink()).toBe(true);
      expect(await reopen()).toHaveLength(4);
    });

    it.each<Step>(['open', 'write', 'sync', 'rename'])(
      'or as it was when it cannot be rewritten, which is not tried all the time: %s',
      async (step) => {
        const disk = new FaultyDisk();
        const file = await open({ fsync: 'never' }, disk);
        await appendAll(file, large('a'));
        let isRewrite = false;
        disk.before = (at) => {
          isRewrite ||= at === 'rm';
          if (at === step && isRewrite && failures.length === 0) throw faultOf('EIO');
        };
        await appendAll(file, large('a', 100));
        await appendAll(file, large('a', 200));
        await waitUntil(() => failures.length === 1, { what: 'the failure', everyMs: 1 });
        disk.before = () => undefined;
        await file.append(recordOf('b', 1));
        expect(existsSync(`${path}.tmp`)).toBe(false);
        const { rename, rm } = disk.counts;
        await clock.advance(29_999);
        await file.append(recordOf('c', 1));
        expect(disk.counts.rm).toBe(rm);
        await clock.advance(1);
        await file.append(recordOf('d', 1));
        await file.append(recordOf('e', 1));
        expect(disk.counts.rename).toBe(rename + 1);
        expect(await reopen()).toHaveLength(8);
        expect(failures).toEqual(['EIO']);
      },
    );

    it('and takes nothing while it is not certain that the new file will be found', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      let isRenamed = false;
      disk.before = (step) => {
        if (step === 'sync' && isRenamed) throw faultOf('EIO');
        isRenamed ||= step === 'rename';
      };
      await appendAll(file, large('a'));
      await appendAll(file, large('a', 100));
      await expect(file.append(recordOf('b', 1))).rejects.toMatchObject({
        details: { reason: 'EIO' },
      });
      disk.before = () => undefined;
      await clock.advance(1_000);
      await file.append(recordOf('c', 1));
      expect(await reopen()).toHaveLength(5);
    });

    it('where directories cannot be brought to the disk, as on some systems', async () => {
      const disk = new FaultyDisk();
      let isDirectory = false;
      disk.before = (step) => {
        const isNow = isDirectory && step === 'sync';
        isDirectory = step === 'open' && disk.counts.sync > 0;
        if (isNow) throw faultOf('EINVAL');
      };
      const file = await open({}, disk);
      await file.append(recordOf('a', 1));
      expect(failures).toEqual([]);
    });
  });
});

/** Comparing large Buffers byte by byte takes long. */
function bodiesOf(records: readonly JournalRecord[]): string[] {
  return records.map((record) =>
    record.kind === 'write' ? record.write.entry.toString('latin1') : '',
  );
}

/** Four records of 300 kB each. */
function large(key: string, no = 1): JournalRecord[] {
  return [0, 1, 2, 3].map((i) => recordOf(`${key}${i}`, no + i, 'x'.repeat(300_000)));
}
