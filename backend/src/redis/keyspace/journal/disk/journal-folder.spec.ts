import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CountedDisk } from '../../../../../test/support/counted-disk.js';
import { setOf, stampNo } from '../../../../../test/support/stored-writes.js';
import { KeyRing } from '../../../base/crypto/index.js';
import { ManualClock, waitUntil } from '../../../testing/index.js';
import type { Disk } from './journal-disk.js';
import { JournalFolder, LOOK_MS, type JournalFolderOptions } from './journal-folder.js';
import { frameOf, newHead, type JournalSeal } from './journal-format.js';
import { encodeLine } from './journal-lines.js';
import type { JournalRecord } from './journal-log.js';
import { thisProcess, type JournalOwner } from './journal-owner.js';

const SEAL: JournalSeal = { ring: null, fingerprint: 'f' };
const DEAD_PID = 2 ** 22 + 1;

function recordOf(key: string, no = 1): JournalRecord {
  return { kind: 'write', write: setOf(key, stampNo(no)), madeAt: 1 };
}

function keysOf(records: readonly JournalRecord[]): string[] {
  return records.map((record) => (record.kind === 'write' ? record.write.key : '')).sort();
}

function newRing(...keys: string[]): KeyRing {
  return KeyRing.of(keys.length > 0 ? keys : [randomBytes(32).toString('base64')])!;
}

describe('JournalFolder', () => {
  let dir: string;
  let clock: ManualClock;
  let skipped: string[];
  let adopted: string[][];
  let self: JournalOwner;
  let counted: CountedDisk;
  const opened = new Set<JournalFolder>();

  const open = async (
    change: Partial<JournalFolderOptions> = {},
    disk: Disk = counted,
  ): Promise<JournalFolder> => {
    const onSkipped = (file: string, reason: string): void =>
      void skipped.push(`${file} ${reason}`);
    const options = { dir, fsync: 'always', seal: SEAL, onSkipped, ...change } as const;
    const folder = await JournalFolder.open(options, clock, disk);
    opened.add(folder);
    return folder;
  };
  const listen = (folder: JournalFolder): void => {
    folder.onAdopted(async (records) => void adopted.push(keysOf(records)));
  };
  const close = async (folder: JournalFolder): Promise<void> => {
    opened.delete(folder);
    await folder.close();
  };
  /** Writes a file as another process would have left it. */
  const plant = async (
    name: string,
    owner: Partial<JournalOwner>,
    records: readonly JournalRecord[],
    seal = SEAL,
  ): Promise<Buffer> => {
    const head = { fingerprint: seal.fingerprint, owner: { ...self, ...owner } };
    const { bytes, mark } = newHead(head);
    const frames = records.map((record) => frameOf(record, mark, seal));
    const whole = Buffer.concat([bytes, ...frames]);
    await fs.writeFile(join(dir, name), whole, { mode: 0o600 });
    return whole;
  };
  const names = async (): Promise<string[]> => (await fs.readdir(dir)).sort();
  /** Lets each folder look again, once. */
  const look = async (): Promise<void> => {
    await clock.advance(LOOK_MS);
    for (const folder of opened) await folder.look();
  };
  const elsewhere = { boot: 'another machine' };
  const dead = { pid: DEAD_PID };

  beforeAll(async () => {
    self = await thisProcess();
  });
  beforeEach(async () => {
    dir = await fs.mkdtemp(join(tmpdir(), 'redis-ha-journals-'));
    clock = new ManualClock();
    counted = new CountedDisk();
    skipped = [];
    adopted = [];
  });
  afterEach(async () => {
    for (const folder of opened) await folder.close();
    opened.clear();
    await fs.rm(dir, { recursive: true, force: true });
    expect(clock.pending).toBe(0);
    expect(counted.openFiles).toBe(0);
  });

  describe('gives each process a file of its own', () => {
    it('so that any number of them work side by side', async () => {
      const folders = await Promise.all([open(), open(), open()]);
      await Promise.all(folders.map((folder, i) => folder.append(recordOf(`k${i}`))));
      expect((await names()).filter((name) => name.endsWith('.journal'))).toHaveLength(3);
      for (const folder of folders) expect(folder.records).toHaveLength(1);
    });

    it('that is gone when nothing is left in it', async () => {
      const folder = await open();
      await folder.append(recordOf('a'));
      folder.settle(recordOf('a'));
      await close(folder);
      expect(await names()).toEqual([]);
    });

    it('that the next one finds at once after a stop in good order, also in the same process', async () => {
      const first = await open();
      await first.append(recordOf('a'));
      await close(first);
      const second = await open();
      expect(keysOf(second.records)).toEqual(['a']);
    });

    it('in a folder that is created for this user alone', async () => {
      const inner = join(dir, 'var', 'journals');
      const folder = await open({ dir: inner });
      expect((await fs.stat(inner)).mode & 0o777).toBe(0o700);
      expect((await fs.stat(folder.path)).mode & 0o777).toBe(0o600);
      await close(folder);
    });
  });

  describe('adopts the file of a process that is gone', () => {
    it('at once, when it can be seen that it is dead', async () => {
      await plant('a.journal', dead, [recordOf('a'), recordOf('b')]);
      const folder = await open();
      expect(keysOf(folder.records)).toEqual(['a', 'b']);
      expect(await names()).toEqual([folder.path.slice(dir.length + 1)]);
    });

    it('at once, when its number is that of another process by now', async () => {
      await plant('a.journal', { startedAt: 'long ago' }, [recordOf('a')]);
      expect(keysOf((await open()).records)).toEqual(['a']);
    });

    it('later, when it cannot be seen and gives no sign of life', async () => {
      await plant('a.journal', elsewhere, [recordOf('a')]);
      const folder = await open();
      listen(folder);
      expect(folder.records).toEqual([]);
      await look();
      expect(adopted).toEqual([['a']]);
      expect(keysOf(folder.records)).toEqual(['a']);
      expect(existsSync(join(dir, 'a.journal'))).toBe(false);
    });

    it('when that died while this one was running', async () => {
      const folder = await open();
      listen(folder);
      await look();
      await plant('a.journal', dead, [recordOf('a')]);
      await look();
      expect(adopted).toEqual([['a']]);
    });

    it.each(['namespace', 'boot'] as const)(
      'never by its number, when that means something else: another %s',
      async (part) => {
        await plant('a.journal', { ...dead, [part]: 'another' }, [recordOf('a')]);
        const folder = await open();
        expect(folder.records).toEqual([]);
        expect(await names()).toContain('a.journal');
      },
    );

    it('with all that is behind a damaged place, of which a copy is kept', async () => {
      const bytes = await plant(
        'a.journal',
        dead,
        ['a', 'b', 'c'].map((key) => recordOf(key)),
      );
      const at = bytes.indexOf('"key":"b"');
      bytes[at + 7]! ^= 1;
      await fs.writeFile(join(dir, 'a.journal'), bytes);
      const folder = await open();
      expect(keysOf(folder.records)).toEqual(['a', 'c']);
      const copy = (await names()).find((name) => name.endsWith('.damaged'))!;
      const kept = await fs.readFile(join(dir, copy));
      expect(kept.length).toBe(folder.damagedBytes);
      expect(bytes.includes(kept)).toBe(true);
      expect((await fs.stat(join(dir, copy))).mode & 0o777).toBe(0o600);
    });

    it('and keeps a bounded number of such copies', async () => {
      for (let no = 0; no < 12; no++) {
        const bytes = await plant(`a${no}.journal`, dead, [recordOf('a')]);
        await fs.writeFile(join(dir, `a${no}.journal`), bytes.subarray(0, -3));
      }
      await open();
      expect((await names()).filter((name) => name.endsWith('.damaged'))).toHaveLength(8);
    });

    it('of version 1, which says nothing of its owner, when it gives no sign of life', async () => {
      const body = encodeLine(recordOf('old'));
      const head = Buffer.alloc(8);
      head.writeUInt32BE(body.length);
      head.writeUInt32BE(crc32(body), 4);
      const bytes = Buffer.concat([Buffer.from('RHJL\0\x01\0\0'), head, body]);
      await fs.writeFile(join(dir, 'moved.journal'), bytes);
      const folder = await open();
      listen(folder);
      await look();
      expect(adopted).toEqual([['old']]);
    });

    it('and what it had half written when it ended', async () => {
      await plant('a.journal', dead, [recordOf('a')]);
      await plant('a.journal.tmp', dead, [recordOf('secret')]);
      await fs.writeFile(join(dir, 'b.journal'), 'RHJL\0\x02');
      const folder = await open();
      expect(await names()).not.toContain('a.journal.tmp');
      listen(folder);
      await look();
      expect(await names()).toEqual([folder.path.slice(dir.length + 1)]);
      expect(skipped).toEqual([]);
    });

    it('once, when several look at the same time', async () => {
      await plant('a.journal', dead, [recordOf('a')]);
      const folders = await Promise.all([open(), open(), open()]);
      expect(folders.flatMap(({ records }) => keysOf(records))).toEqual(['a']);
      expect(skipped).toEqual([]);
    });

    it('with the newest record of each key, whoever wrote it', async () => {
      await plant('a.journal', dead, [recordOf('k', 5)]);
      await plant('b.journal', dead, [recordOf('k', 9)]);
      await plant('c.journal', dead, [recordOf('k', 2)]);
      expect((await open()).records).toEqual([recordOf('k', 9)]);
    });
  });

  describe('removes an adopted file', () => {
    it('only when its records are in the own file', async () => {
      await plant('a.journal', dead, [recordOf('a')]);
      const folder = await open();
      const bytes = readFileSync(folder.path);
      expect(bytes.includes('"key":"a"')).toBe(true);
    });

    it('only when whoever listens has taken them', async () => {
      const folder = await open();
      const heard: (() => void)[] = [];
      folder.onAdopted(() => new Promise((resolve) => heard.push(resolve)));
      await plant('a.journal', dead, [recordOf('a')]);
      let isOver = false;
      const looking = folder.look().then(() => (isOver = true));
      await waitUntil(() => heard.length > 0, { what: 'they hear of it', everyMs: 1 });
      expect((await names()).some((name) => name.endsWith('.taken'))).toBe(true);
      await folder.append(recordOf('b'));
      expect(isOver).toBe(false);
      heard[0]!();
      await looking;
      expect(await names()).toEqual([folder.path.slice(dir.length + 1)]);
    });

    it('not when they refuse, and tries again', async () => {
      const folder = await open();
      let isReady = false;
      folder.onAdopted(async () => {
        if (!isReady) throw new TypeError('not now');
      });
      await plant('a.journal', dead, [recordOf('a')]);
      await look();
      expect((await names()).some((name) => name.endsWith('.taken'))).toBe(true);
      isReady = true;
      const own = folder.path.slice(dir.length + 1);
      // Each look is another try: the disk is real, and the clock does not wait for it.
      await waitUntil(
        async () => {
          await look();
          return (await names()).join() === own;
        },
        { what: 'only the own file is left' },
      );
    });

    it('not while the disk refuses, although its records count', async () => {
      await plant('a.journal', dead, [recordOf('a')]);
      let isFull = false;
      const disk: Disk = {
        rename: fs.rename,
        rm: fs.rm,
        open: async (...args) => {
          const handle = await counted.open(...args);
          return new Proxy(handle, {
            get: (_, name: keyof fs.FileHandle) => {
              const method: unknown = handle[name];
              if (typeof method !== 'function') return method;
              if (name === 'datasync' && isFull) {
                return () =>
                  Promise.reject(Object.assign(new TypeError('full'), { code: 'ENOSPC' }));
              }
              return method.bind(handle) as unknown;
            },
          });
        },
      };
      isFull = true;
      const folder = await open({}, disk);
      expect(keysOf(folder.records)).toEqual(['a']);
      expect((await names()).some((name) => name.endsWith('.taken'))).toBe(true);
      isFull = false;
      await clock.advance(1_000);
      await folder.append(recordOf('b'));
      await folder.look();
      expect(await names()).toEqual([folder.path.slice(dir.length + 1)]);
    });

    it('and leaves it to another, when it ends in between', async () => {
      const folder = await open();
      folder.onAdopted(() => Promise.reject(new TypeError('never')));
      await plant('a.journal', dead, [recordOf('a')]);
      await look();
      await close(folder);
      expect(keysOf((await open()).records)).toEqual(['a']);
    });
  });

  describe('leaves alone', () => {
    it('the file of a process that lives', async () => {
      await plant('a.journal', {}, [recordOf('a')]);
      const folder = await open();
      listen(folder);
      for (let no = 0; no < 3; no++) await look();
      expect({ adopted, skipped }).toEqual({ adopted: [], skipped: [] });
      expect(await names()).toContain('a.journal');
    });

    it('a file that gives signs of life', async () => {
      await plant('a.journal', elsewhere, [recordOf('a')]);
      const folder = await open();
      listen(folder);
      for (let no = 1; no < 4; no++) {
        await fs.utimes(join(dir, 'a.journal'), no, no);
        await look();
      }
      expect(adopted).toEqual([]);
    });

    it('the file of another Redis, and says so once', async () => {
      const bytes = await plant('a.journal', dead, [recordOf('a')], { ...SEAL, fingerprint: 'g' });
      const folder = await open();
      listen(folder);
      for (let no = 0; no < 3; no++) await look();
      expect(skipped).toEqual(['a.journal other-redis']);
      expect(adopted).toEqual([]);
      expect(await fs.readFile(join(dir, 'a.journal'))).toEqual(bytes);
    });

    it.each([
      ['text', 'important, and no journal'],
      ['a file of a later version', `RHJL\0\x03\0\0${'x'.repeat(100)}`],
    ])('%s, with its mode and its content, and says so once', async (_, text) => {
      await fs.writeFile(join(dir, 'a.journal'), text);
      await fs.chmod(join(dir, 'a.journal'), 0o644);
      const folder = await open();
      listen(folder);
      for (let no = 0; no < 4; no++) await look();
      expect(skipped).toEqual(['a.journal unreadable']);
      expect(await fs.readFile(join(dir, 'a.journal'), 'utf8')).toBe(text);
      expect((await fs.stat(join(dir, 'a.journal'))).mode & 0o777).toBe(0o644);
    });

    it('what has another name', async () => {
      await fs.writeFile(join(dir, 'notes.txt'), 'mine');
      await open();
      expect(await names()).toContain('notes.txt');
    });

    it('a link, and what it points to', async () => {
      const target = join(dir, 'target');
      await plant('target', dead, [recordOf('a')]);
      await fs.symlink(target, join(dir, 'a.journal'));
      const folder = await open();
      expect(folder.records).toEqual([]);
      expect(existsSync(target)).toBe(true);
      listen(folder);
      expect(skipped).toEqual(['a.journal unreadable']);
    });
  });

  describe('with keys', () => {
    it('writes nothing that can be read without them', async () => {
      const folder = await open({ seal: { ...SEAL, ring: newRing() } });
      await folder.append(recordOf('who'));
      expect(readFileSync(folder.path).includes('who')).toBe(false);
    });

    it('adopts what was written with an older key, or with none', async () => {
      const [older, newer] = [randomBytes(32), randomBytes(32)].map((b) => b.toString('base64'));
      await plant('a.journal', dead, [recordOf('a')], { ...SEAL, ring: newRing(older!) });
      await plant('b.journal', dead, [recordOf('b')]);
      const folder = await open({ seal: { ...SEAL, ring: newRing(newer!, older!) } });
      expect(keysOf(folder.records)).toEqual(['a', 'b']);
      expect(readFileSync(folder.path).includes('"key"')).toBe(false);
    });

    it('sets aside what was written with an unknown key, and takes it when the key is back', async () => {
      const key = randomBytes(32).toString('base64');
      await plant('a.journal', dead, [recordOf('a')], { ...SEAL, ring: newRing(key) });
      const without = await open();
      listen(without);
      expect(without.records).toEqual([]);
      expect(skipped).toEqual([expect.stringMatching(/^a\.\w{8}\.aside unknown-key$/)]);
      for (let no = 0; no < 3; no++) await look();
      expect(skipped).toHaveLength(1);
      const others = (await names()).filter((name) => name.endsWith('.damaged'));
      expect(others).toEqual([]);
      await close(without);
      const withKey = await open({ seal: { ...SEAL, ring: newRing(key) } });
      expect(keysOf(withKey.records)).toEqual(['a']);
      expect(await names()).toEqual([withKey.path.slice(dir.length + 1)]);
    });
  });

  describe('shows that its process lives', () => {
    it('every two seconds, by its file and those that it is adopting', async () => {
      const folder = await open();
      folder.onAdopted(() => Promise.reject(new TypeError('never')));
      await plant('a.journal', dead, [recordOf('a')]);
      await look();
      await folder.append(recordOf('b'));
      const paths = (await names()).map((name) => join(dir, name));
      expect(paths).toHaveLength(2);
      for (const path of paths) await fs.utimes(path, 1, 1);
      await clock.advance(2_000);
      const mtimes = async (): Promise<number[]> =>
        Promise.all(paths.map(async (path) => (await fs.stat(path)).mtimeMs));
      await waitUntil(async () => (await mtimes()).every((ms) => ms > 1_000), {
        what: 'signs of life',
        everyMs: 1,
      });
    });

    it('and writes what it holds anew when its file was adopted meanwhile', async () => {
      const folder = await open();
      await folder.append(recordOf('a'));
      await fs.rename(folder.path, join(dir, 'x.11111111.taken'));
      await clock.advance(2_000);
      await waitUntil(() => existsSync(folder.path), { what: 'the new file', everyMs: 1 });
      await folder.append(recordOf('b'));
      await close(folder);
      expect(keysOf((await open()).records)).toEqual(['a', 'b']);
    });
  });

  describe('is closed', () => {
    /** A disk that does not open the files of others until it is told to. */
    const slowDisk = () => {
      let answer: () => void = () => undefined;
      const silence = new Promise<void>((resolve) => (answer = resolve));
      const asked: string[] = [];
      const disk: Disk = {
        rename: fs.rename,
        rm: fs.rm,
        open: async (...args) => {
          const name = String(args[0]);
          if (name === join(dir, 'a.journal')) {
            asked.push(name);
            await silence;
          }
          return counted.open(...args);
        },
      };
      return { disk, asked, answer };
    };

    it('in a second, also while the disk does not answer for the file of another', async () => {
      const { disk, asked, answer } = slowDisk();
      const folder = await open({}, disk);
      listen(folder);
      await folder.append(recordOf('own'));
      await plant('a.journal', dead, [recordOf('a')]);
      const looking = folder.look();
      await waitUntil(() => asked.length > 0, { what: 'the disk is asked', everyMs: 1 });
      const closing = close(folder);
      await clock.advance(1_000);
      await closing;
      expect(counted.openFiles).toBe(0);
      answer();
      await looking;
      // What it took meanwhile, it gives back: nothing is lost, and nobody is told of it any more.
      expect(adopted).toEqual([]);
      await waitUntil(async () => (await names()).every((name) => name.endsWith('.left')), {
        what: 'both files are given back',
        everyMs: 1,
      });
      expect(keysOf((await open()).records)).toEqual(['a', 'own']);
    });
  });

  describe('refuses a folder', () => {
    const refusal = (reason: string): object => ({
      code: 'JOURNAL_FILE_FAILED',
      details: { field: 'journal.dir', reason, remedy: expect.any(String) },
    });

    // Where there is no /proc, nobody may make it.
    it('that cannot be made, at once', async () => {
      const opening = open({ dir: '/proc/redis-ha' });
      const reason = expect.stringMatching(/ENOENT|EACCES|EROFS|EPERM/) as string;
      const details = expect.objectContaining({ field: 'journal.dir', reason }) as object;
      await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_FILE_FAILED', details });
    });

    it('that is a link', async () => {
      await fs.mkdir(join(dir, 'real'));
      await fs.symlink(join(dir, 'real'), join(dir, 'link'));
      const opening = open({ dir: join(dir, 'link') });
      await expect(opening).rejects.toMatchObject(refusal('is a link'));
    });

    it('that is a file', async () => {
      await fs.writeFile(join(dir, 'file'), '');
      const opening = open({ dir: join(dir, 'file') });
      await expect(opening).rejects.toMatchObject(refusal('EEXIST'));
    });

    it('on a disk that does not answer, after ten seconds', async () => {
      let answer: () => void = () => undefined;
      const silence = new Promise<void>((resolve) => (answer = resolve));
      let isAsked = false;
      const open_: Disk['open'] = async (...args) => {
        isAsked = true;
        await silence;
        return counted.open(...args);
      };
      const opening = open({}, { rename: fs.rename, rm: fs.rm, open: open_ });
      const refused = expect(opening).rejects.toMatchObject(
        refusal('has not answered for 10000 ms'),
      );
      await waitUntil(() => isAsked, { what: 'the disk is asked', everyMs: 1 });
      await clock.advance(10_000);
      await refused;
      // Should it answer later, nothing is left of it.
      answer();
      const isClosed = (): boolean => counted.everOpened > 0 && counted.openFiles === 0;
      await waitUntil(
        async () => isClosed() && (await names()).length === 0 && clock.pending === 0,
        { what: 'it is closed', everyMs: 1 },
      );
    });

    it('that everybody may write to, and leaves its mode', async () => {
      await fs.chmod(dir, 0o777);
      await expect(open()).rejects.toMatchObject(refusal('can be written by everybody'));
      expect((await fs.stat(dir)).mode & 0o777).toBe(0o777);
    });
  });
});
