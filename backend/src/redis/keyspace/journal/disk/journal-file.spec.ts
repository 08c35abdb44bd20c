import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CountedDisk } from '../../../../../test/support/counted-disk.js';
import { setOf, stampNo } from '../../../../../test/support/stored-writes.js';
import { ManualClock, waitUntil } from '../../../testing/index.js';
import type { Disk } from './journal-disk.js';
import { DISK_TIMEOUT_MS, JournalFile } from './journal-file.js';
import { readJournal } from './journal-format.js';
import type { JournalRecord } from './journal-log.js';

const SEAL = { ring: null, fingerprint: 'f' };

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
  readonly #disk = new CountedDisk();

  get openFiles(): number {
    return this.#disk.openFiles;
  }

  readonly open: Disk['open'] = async (...args) => {
    await this.#step('open');
    return this.#watch(await this.#disk.open(...args));
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
    const write = async (
      bytes: Buffer,
      ...[offset, left, position]: [number, number, number]
    ): Promise<{ bytesWritten: number }> => {
      await this.#step('write');
      const length = Math.min(this.room, left);
      if (length === 0) throw faultOf('ENOSPC');
      this.room -= length;
      return handle.write(bytes, offset, length, position);
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
  let recoveries: number[];
  const opened = new Set<JournalFile>();
  const disks = new Set<FaultyDisk>();

  const open = async (
    change: Partial<Parameters<typeof JournalFile.create>[0]> = {},
    disk = new FaultyDisk(),
  ): Promise<JournalFile> => {
    disks.add(disk);
    const onFailure = (reason: string): void => void failures.push(reason);
    const onRecovery = (failedMs: number): void => void recoveries.push(failedMs);
    const told = { onFailure, onRecovery };
    const options = { path, fsync: 'always', seal: SEAL, ...told, ...change } as const;
    const file = await JournalFile.create(options, clock, disk);
    opened.add(file);
    return file;
  };
  const found = async (): Promise<JournalRecord[]> => {
    if (!existsSync(path)) return [];
    const { contents, damaged } = readJournal(await fs.readFile(path), SEAL);
    expect(damaged).toEqual([]);
    return contents.records;
  };
  /** What another process finds after this one. */
  const left = async (): Promise<JournalRecord[]> => {
    for (const file of opened) await file.close();
    opened.clear();
    return found();
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
    recoveries = [];
  });
  afterEach(async () => {
    for (const file of opened) await file.closeFully();
    opened.clear();
    await fs.rm(directory, { recursive: true });
    const unclosed = [...disks].filter(({ openFiles }) => openFiles > 0);
    disks.clear();
    expect(unclosed).toEqual([]);
  });

  describe('keeps records', () => {
    it('for the next process, in their order', async () => {
      const file = await open();
      expect(file.records).toEqual([]);
      const records = [recordOf('a', 1, 'x'), recordOf('b', 2), recordOf('c', 3)];
      await appendAll(file, records);
      expect(file.records).toEqual(records);
      expect(await left()).toEqual(records);
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
      expect(await left()).toEqual([recordOf('a', 3)]);
    });

    it('that a killed process had written, whatever it did last', async () => {
      const file = await open();
      await file.append(recordOf('a', 1));
      // The file as it stands, without being closed.
      expect(await found()).toEqual([recordOf('a', 1)]);
    });

    it('from other eyes', async () => {
      const file = await open();
      await file.append(recordOf('a', 1));
      expect((await fs.stat(path)).mode & 0o777).toBe(0o600);
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
      expect(await left()).toHaveLength(3);
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
      expect(bodiesOf(await left())).toEqual(bodiesOf(records));
    });

    it('not for settling alone', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      await appendAll(file, [recordOf('a', 1), recordOf('b', 1)]);
      const { write } = disk.counts;
      file.settle(recordOf('a', 1));
      await waitUntil(() => disk.counts.write > write, { what: 'the line', everyMs: 1 });
      file.settle(recordOf('b', 1));
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
      await file.flush();
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
      expect(await left()).toHaveLength(1);
    });
  });

  describe('is not created', () => {
    const refusal = (reason: unknown): object => ({
      code: 'JOURNAL_FILE_FAILED',
      details: { field: 'journal.dir', reason, remedy: expect.any(String) },
    });

    it.each<[Step, string]>([
      ['open', 'EMFILE'],
      ['write', 'ENOSPC'],
      ['sync', 'EIO'],
    ])('on a disk that refuses it, and nothing is left: %s', async (step, code) => {
      const disk = new FaultyDisk();
      disk.faults.set(step, code);
      await expect(open({}, disk)).rejects.toMatchObject(refusal(code));
      expect(await fs.readdir(directory)).toEqual([]);
      await open();
    });

    it('over a file, or a link, that is there already', async () => {
      await fs.writeFile(path, 'important');
      await expect(open()).rejects.toMatchObject(refusal('EEXIST'));
      expect(await fs.readFile(path, 'utf8')).toBe('important');
      const link = join(directory, 'link');
      await fs.symlink(join(directory, 'nothing'), link);
      await expect(open({ path: link })).rejects.toMatchObject(refusal('EEXIST'));
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

    it('says so, at once until it has tried again, and then writes all that is pending', async () => {
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
      expect(await left()).toEqual(['before', 'a', 'b', 'c', 'd'].map((key) => recordOf(key, 1)));
    });

    it('tells since when, for what reason and how much waits for it, until it takes that', async () => {
      const { size } = file;
      const sound = { state: 'sound', reason: null, since: null, bytes: size, queuedBytes: 0 };
      expect(file.status).toEqual({ ...sound, failures: 0 });
      disk.room = 0;
      const since = clock.wallTime();
      await expect(file.append(recordOf('a', 1))).rejects.toThrow();
      const failed = { state: 'failed', reason: 'ENOSPC', since, bytes: size, failures: 1 };
      expect(file.status).toMatchObject(failed);
      expect(file.status.queuedBytes).toBeGreaterThan(400);
      disk.faults.set('truncate', 'EIO');
      await clock.advance(1_000);
      await file.flush().catch(() => undefined);
      expect(file.status).toMatchObject({ ...failed, reason: 'EIO' });
      expect(recoveries).toEqual([]);
      disk.faults.clear();
      disk.room = Infinity;
      await clock.advance(1_000);
      await file.flush();
      expect(file.status).toEqual({ ...sound, bytes: file.size, failures: 1 });
      expect(recoveries).toEqual([2_000]);
    });

    it('leaves nothing torn of a record that was written in part', async () => {
      disk.room = 10;
      await expect(file.append(recordOf('a', 1))).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      disk.room = Infinity;
      await clock.advance(1_000);
      await file.append(recordOf('b', 1));
      expect(await left()).toEqual(['before', 'a', 'b'].map((key) => recordOf(key, 1)));
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
      expect(await left()).toEqual(['before', 'lost', 'after'].map((key) => recordOf(key, 1)));
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
        expect(await left()).toEqual(['before', 'a', 'b', 'c'].map((key) => recordOf(key, 1)));
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
        expect(await left()).toEqual(['before', 'lost', 'b', 'c'].map((key) => recordOf(key, 1)));
        expect(failures).toEqual(['EIO']);
      },
    );

    it('brings to the disk later what it could not bring in time', async () => {
      file = await open({ path: `${path}2`, fsync: 'interval', intervalMs: 50 }, disk);
      await file.append(recordOf('a', 1));
      disk.faults.set('datasync', 'EIO');
      await clock.advance(50);
      await expect(file.append(recordOf('b', 1))).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      disk.faults.clear();
      await clock.advance(1_000);
      await file.append(recordOf('c', 1));
      path = `${path}2`;
      expect(await left()).toEqual(['a', 'b', 'c'].map((key) => recordOf(key, 1)));
    });

    it('forgets what was settled anyway', async () => {
      disk.room = 0;
      await expect(file.append(recordOf('a', 1))).rejects.toThrow();
      file.settle(recordOf('before', 1));
      disk.room = Infinity;
      await clock.advance(1_000);
      await file.append(recordOf('b', 1));
      expect(file.records).toEqual([recordOf('a', 1), recordOf('b', 1)]);
    });

    it('closes anyway', async () => {
      disk.room = 0;
      const refused = expect(file.append(recordOf('a', 1))).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      await file.close();
      await refused;
      expect(clock.pending).toBe(0);
      expect(await left()).toEqual([recordOf('before', 1)]);
    });
  });

  describe('when the disk does not answer', () => {
    let disk: FaultyDisk;
    let file: JournalFile;
    let answer: () => void;

    beforeEach(async () => {
      disk = new FaultyDisk();
      file = await open({}, disk);
      await file.append(recordOf('before', 1));
      const silence = new Promise<void>((resolve) => (answer = resolve));
      disk.before = (step) => (step === 'datasync' ? silence : undefined);
    });
    afterEach(() => answer());

    const unanswered = {
      code: 'JOURNAL_FILE_FAILED',
      details: { reason: 'has not answered for 1000 ms' },
    };
    /** Appends a record that the disk does not take. */
    const getStuck = async (): Promise<void> => {
      const stuck = expect(file.append(recordOf('stuck', 1))).rejects.toMatchObject(unanswered);
      await waitUntil(() => disk.counts.datasync === 2, { what: 'the sync', everyMs: 1 });
      const behind = expect(file.append(recordOf('behind', 1))).rejects.toMatchObject(unanswered);
      await clock.advance(DISK_TIMEOUT_MS);
      await Promise.all([stuck, behind]);
    };

    it('lets nobody wait longer than a second, and says so once', async () => {
      await getStuck();
      expect(failures).toEqual(['ETIMEDOUT']);
      const later = file.append(recordOf('later', 1));
      await expect(later).rejects.toMatchObject(unanswered);
      expect(failures).toEqual(['ETIMEDOUT']);
      expect(file.isHung).toBe(true);
    });

    it('asks nothing more of it', async () => {
      await getStuck();
      const counts = { ...disk.counts };
      for (let no = 2; no < 50; no++) file.append(recordOf('stuck', no)).catch(() => undefined);
      await clock.advance(60_000);
      expect(disk.counts).toEqual(counts);
    });

    it('holds one line for each key, however often it is written', async () => {
      await getStuck();
      const body = 'x'.repeat(1_000);
      const append = (no: number): void =>
        void file.append(recordOf('hot', no, body)).catch(() => undefined);
      append(1);
      const held = file.queuedBytes;
      for (let no = 2; no < 20_000; no++) append(no);
      expect(file.queuedBytes).toBe(held);
      expect(held).toBeLessThan(4_000);
    });

    it('holds nothing of what is settled meanwhile', async () => {
      await getStuck();
      const held = file.queuedBytes;
      for (let no = 0; no < 1_000; no++) {
        file.append(recordOf(`k${no}`, 1)).catch(() => undefined);
        file.settle(recordOf(`k${no}`, 1));
      }
      expect(file.queuedBytes).toBe(held);
    });

    it('has everything that is pending when it answers after all', async () => {
      await getStuck();
      file.append(recordOf('later', 1)).catch(() => undefined);
      file.settle(recordOf('stuck', 1));
      answer();
      await waitUntil(() => !file.isHung, { what: 'the answer', everyMs: 1 });
      await file.append(recordOf('after', 1));
      const keys = ['before', 'behind', 'later', 'after'];
      expect(await left()).toEqual(keys.map((key) => recordOf(key, 1)));
    });

    it('tells so, and counts what it has not answered for as waiting', async () => {
      await getStuck();
      const hung = { state: 'hung', reason: 'ETIMEDOUT', since: clock.wallTime(), failures: 1 };
      expect(file.status).toMatchObject(hung);
      const { queuedBytes } = file;
      file.settle(recordOf('behind', 1));
      expect(file.queuedBytes).toBeLessThan(queuedBytes);
      expect(file.queuedBytes).toBeGreaterThan(0);
      await clock.advance(5_000);
      answer();
      await waitUntil(() => !file.isHung, { what: 'the answer', everyMs: 1 });
      expect(file.status).toMatchObject({ state: 'sound', since: null, queuedBytes: 0 });
      expect(recoveries).toEqual([5_000]);
    });

    it('closes anyway, and leaves the file as it is', async () => {
      const stuck = expect(file.append(recordOf('stuck', 1))).rejects.toMatchObject(unanswered);
      await waitUntil(() => disk.counts.datasync === 2, { what: 'the sync', everyMs: 1 });
      const closing = file.close();
      await clock.advance(DISK_TIMEOUT_MS);
      await Promise.all([stuck, closing]);
      expect(clock.pending).toBe(0);
      expect(await found()).toEqual([recordOf('before', 1), recordOf('stuck', 1)]);
    });

    it('closes the file when it answers after all, with what had waited for it', async () => {
      await getStuck();
      await file.close();
      expect(disk.openFiles).toBe(1);
      await expect(file.flush()).rejects.toMatchObject({ code: 'CLOSED' });
      answer();
      await file.closeFully();
      expect(disk.openFiles).toBe(0);
      expect(await found()).toEqual(['before', 'stuck', 'behind'].map((key) => recordOf(key, 1)));
      expect(clock.pending).toBe(0);
    });
  });

  describe('when another process has adopted the file, because this one was frozen', () => {
    const adopt = (): Promise<void> => fs.rename(path, `${path}.adopted`);

    it('begins a new one with all that it holds, before it acknowledges anything', async () => {
      const file = await open();
      await file.append(recordOf('a', 1));
      await adopt();
      await file.append(recordOf('b', 1));
      expect(await found()).toEqual([recordOf('a', 1), recordOf('b', 1)]);
      expect(await left()).toEqual([recordOf('a', 1), recordOf('b', 1)]);
    });

    it('also when it is adopted between the writing and the answer', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      let isAdopted = false;
      disk.before = async (step) => {
        if (step !== 'datasync' || isAdopted) return;
        isAdopted = true;
        await adopt();
      };
      await file.append(recordOf('a', 1));
      expect(await found()).toEqual([recordOf('a', 1)]);
    });

    it('cuts nothing off the adopted one', async () => {
      const file = await open();
      await file.append(recordOf('a', 1));
      await adopt();
      const before = (await fs.stat(`${path}.adopted`)).size;
      file.settle(recordOf('a', 1));
      await file.flush();
      expect((await fs.stat(`${path}.adopted`)).size).toBeGreaterThanOrEqual(before);
      await file.close();
      expect(existsSync(`${path}.adopted`)).toBe(true);
    });

    it('cuts nothing off it either after a failed write', async () => {
      const disk = new FaultyDisk();
      const file = await open({}, disk);
      await file.append(recordOf('a', 1));
      disk.room = 5;
      await expect(file.append(recordOf('b', 1))).rejects.toThrow();
      await adopt();
      disk.room = Infinity;
      const { truncate } = disk.counts;
      await clock.advance(1_000);
      await file.append(recordOf('c', 1));
      expect(disk.counts.truncate).toBe(truncate);
      expect(await found()).toEqual(['a', 'b', 'c'].map((key) => recordOf(key, 1)));
    });
  });

  describe('stays small', () => {
    it('and is empty when nothing is pending, and gone when it is closed', async () => {
      const file = await open();
      const sizeWhenNew = file.size;
      await appendAll(file, [recordOf('a', 1), recordOf('b', 1)]);
      file.settle(recordOf('a', 1));
      file.settle(recordOf('b', 1));
      await file.append(recordOf('c', 1));
      file.settle(recordOf('c', 1));
      await waitUntil(() => file.size === sizeWhenNew, { what: 'it is empty', everyMs: 1 });
      expect((await fs.stat(path)).size).toBe(sizeWhenNew);
      await file.close();
      expect(existsSync(path)).toBe(false);
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
      const records = await left();
      expect(records.map((record) => record.kind === 'write' && record.write.stamp)).toEqual(
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
        expect(await left()).toHaveLength(8);
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
      expect(await left()).toHaveLength(6);
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
