import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FolderInUseError,
  FolderLock,
  FolderRefusedError,
  type FolderLockDeps,
} from './folder-lock.js';

const BEAT_MS = 10;
const WATCH_MS = 100;
const nothing = (): void => undefined;

describe('FolderLock', () => {
  let folder: string;
  const locks: FolderLock[] = [];
  /** The processes that live, by place and number, and when each of them began. */
  const alive = new Map<string, string>();
  const standing = new Set<FolderLockDeps>();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'folder-lock-'));
  });

  afterEach(() => {
    for (const lock of locks.splice(0)) lock.release();
    alive.clear();
    standing.clear();
    rmSync(folder, { recursive: true });
  });

  function start(pid: number, { place = 'here', life = `life of ${pid}` } = {}): FolderLockDeps {
    alive.set(`${place}/${pid}`, life);
    const deps: FolderLockDeps = {
      place,
      pid,
      lifeOf: (asked) => alive.get(`${place}/${asked}`) ?? null,
      beat(work) {
        const timer = setInterval(() => {
          if (!standing.has(deps)) work();
        }, BEAT_MS);
        return () => clearInterval(timer);
      },
      watchMs: WATCH_MS,
    };
    return deps;
  }

  /** It leaves its file as it is, and renews it no more. */
  function kill(deps: FolderLockDeps): void {
    alive.delete(`${deps.place}/${deps.pid}`);
    standing.add(deps);
  }

  async function take(deps: FolderLockDeps, onLost = nothing): Promise<FolderLock> {
    const lock = await FolderLock.take(folder, onLost, deps);
    locks.push(lock);
    return lock;
  }

  it('makes a folder, and those above it that are not there', async () => {
    const deep = join(folder, 'a', 'b');
    locks.push(await FolderLock.take(deep, nothing, start(1)));
    expect(readdirSync(deep)).toEqual(['.owner-1']);
  });

  // Where there is no /proc, nobody may make it.
  it.each(['/proc/redis-ha', '/proc/redis-ha/deeper/still'])(
    'says at once that nobody can make %s',
    async (path) => {
      const refused: unknown = await FolderLock.take(path, nothing, start(1)).catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(FolderRefusedError);
      expect(String(refused)).toMatch(/PGLITE_DIR = "\/proc.* cannot be made .*Name one/);
    },
  );

  it('gives a folder to one of many that ask at the same moment, and names the owner to the others', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => take(start(i + 1))),
    );
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(19);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(FolderInUseError);
      expect(String(reason)).toMatch(/PGLITE_DIR = ".*belongs to process 1 .*DATABASE_URL/);
    }
  });

  it('gives it to the next one when it is released, and keeps one file', async () => {
    for (let pid = 1; pid <= 5; pid++) {
      const lock = await take(start(pid));
      lock.release();
      lock.release();
    }
    expect(readdirSync(folder)).toEqual(['.owner-5']);
  });

  it('gives it at once to whoever comes after a process that has died', async () => {
    const first = start(1);
    await take(first);
    kill(first);
    await expect(take(start(2))).resolves.toBeInstanceOf(FolderLock);
  });

  it('does not take another process with the same number for the owner', async () => {
    const first = start(1);
    await take(first);
    kill(first);
    await expect(take(start(1, { life: 'another life' }))).resolves.toBeInstanceOf(FolderLock);
  });

  it('leaves it to an owner in another container for as long as that renews it', async () => {
    await take(start(1, { place: 'there' }));
    await expect(take(start(1))).rejects.toThrow(FolderInUseError);
  });

  it('takes it from an owner in another container that renews it no more, and tells that one when it goes on', async () => {
    const there = start(1, { place: 'there' });
    let tell = nothing;
    const told = new Promise<void>((resolve) => (tell = resolve));
    const stood = await take(there, tell);
    standing.add(there);
    await take(start(2));
    standing.delete(there);
    await told;
    // What it has lost it cannot give away.
    stood.release();
    await expect(take(start(3))).rejects.toThrow(/belongs to process 2 /);
  });

  it('watches a file without an owner in it: somebody may be about to write it', async () => {
    writeFileSync(join(folder, '.owner-1'), '');
    await expect(take(start(1))).resolves.toBeInstanceOf(FolderLock);
    expect(readdirSync(folder)).toEqual(['.owner-2']);
  });
});
