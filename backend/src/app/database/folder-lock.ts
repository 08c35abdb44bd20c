import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const NAME = /^\.owner-(\d+)$/;
const BEAT_MS = 2000;
// Five beats: an owner that cannot be looked at otherwise has ended when it missed them all.
const WATCH_MS = 10_000;
const LOOK_MS = 250;

/** The folder belongs to another process. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';

  constructor(folder: string, owner: string) {
    super(
      `PGLITE_DIR = "${folder}": the embedded database there belongs to ${owner}, which is running. ` +
        'Stop that process first, give this one a folder of its own, or set DATABASE_URL, so that both share a server',
    );
  }
}

/** The system does not let this process make the folder. */
export class FolderRefusedError extends Error {
  override readonly name = 'FolderRefusedError';

  constructor(folder: string, cause: NodeJS.ErrnoException) {
    super(
      `PGLITE_DIR = "${folder}": the folder cannot be made (${cause.message}). Name one that this process may write to`,
      { cause },
    );
  }
}

/** What can differ between processes. */
export interface FolderLockDeps {
  /** Where the numbers of processes mean the same: one machine since it was started, or one container. */
  readonly place: string;
  readonly pid: number;
  /** When the process with this number began; `null` when there is none, and empty when the system does not tell. */
  readonly lifeOf: (pid: number) => string | null;
  /** Does it now and then, until the function that it returns is called. */
  readonly beat: (work: () => void) => () => void;
  /** Longer than several beats. */
  readonly watchMs: number;
}

const HERE: FolderLockDeps = {
  place: placeOfThisProcess(),
  pid: process.pid,
  lifeOf,
  beat(work) {
    const timer = setInterval(work, BEAT_MS).unref();
    return () => {
      clearInterval(timer);
    };
  },
  watchMs: WATCH_MS,
};

interface Owner {
  readonly id: string;
  readonly host: string;
  readonly place: string;
  readonly pid: number;
  readonly life: string;
  /** Counts up while the owner lives. */
  readonly beat: number;
}

/**
 * Makes one process the owner of a folder. The owner writes a file `.owner-N`, which is created only where there is none;
 * the highest number counts. Whoever takes over from a process that has died creates N+1: of several that try at once, one
 * does. The highest file is never removed, only marked as free, so nobody removes what another has just created.
 */
export class FolderLock {
  #beats = 0;
  readonly #stopBeat: () => void;
  readonly #id = randomUUID();

  private constructor(
    private readonly path: string,
    private readonly deps: FolderLockDeps,
    private readonly onLost: () => void,
  ) {
    this.#stopBeat = deps.beat(() => {
      this.#renew();
    });
  }

  /**
   * Takes the folder, and creates it. `onLost` is called when another process has taken it all the same: this one
   * stood still for so long that it seemed dead, in another container, where nobody can look.
   * @throws FolderInUseError while its owner lives; FolderRefusedError when it cannot be created.
   */
  static async take(
    folder: string,
    onLost: () => void,
    deps: FolderLockDeps = HERE,
  ): Promise<FolderLock> {
    try {
      makeFolder(folder);
    } catch (error) {
      throw new FolderRefusedError(folder, error as NodeJS.ErrnoException);
    }
    for (;;) {
      const number = latestOf(folder);
      if (number > 0) await assertFree(folder, number, deps);
      const path = pathOf(folder, number + 1);
      // Somebody else was quicker, by one step or by several: look at him.
      if (!createNew(path)) continue;
      if (latestOf(folder) > number + 1) {
        rmSync(path, { force: true });
        continue;
      }
      const lock = new FolderLock(path, deps, onLost);
      lock.#write();
      removeBefore(folder, number + 1);
      return lock;
    }
  }

  /** Leaves the folder to others. Calling it twice is harmless. */
  release(): void {
    this.#stopBeat();
    if (this.#isOurs()) writeFileSync(this.path, RELEASED);
  }

  #renew(): void {
    if (this.#isOurs()) {
      this.#write();
      return;
    }
    this.#stopBeat();
    this.onLost();
  }

  #write(): void {
    const { place, pid } = this.deps;
    const life = this.deps.lifeOf(pid) ?? '';
    const owner: Owner = { id: this.#id, host: hostname(), place, pid, life, beat: this.#beats++ };
    writeFileSync(this.path, JSON.stringify(owner));
  }

  #isOurs(): boolean {
    return ownerIn(textOf(this.path))?.id === this.#id;
  }
}

const RELEASED = '{}';

async function assertFree(folder: string, number: number, deps: FolderLockDeps): Promise<void> {
  const path = pathOf(folder, number);
  const text = textOf(path);
  if (text === null || text === RELEASED) return;
  const owner = ownerIn(text);
  const name = owner === null ? 'a process' : `process ${owner.pid} on ${owner.host}`;
  const isAlive = owner === null ? undefined : lives(owner, deps);
  // Of another machine or container, or written at this very moment: only its beat tells whether it lives.
  if (isAlive ?? (await changes(path, text, deps.watchMs))) {
    throw new FolderInUseError(folder, name);
  }
}

/** Whether an owner lives; `undefined` when that cannot be seen from here. Numbers are given again, so its beginning counts. */
function lives({ place, pid, life }: Owner, deps: FolderLockDeps): boolean | undefined {
  if (place !== deps.place) return undefined;
  const now = deps.lifeOf(pid);
  if (now === null) return false;
  return life === '' || now === '' ? undefined : now === life;
}

async function changes(path: string, before: string | null, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += LOOK_MS) {
    await sleep(Math.min(LOOK_MS, ms));
    const now = textOf(path);
    if (now !== before) return now !== RELEASED && now !== null;
  }
  return false;
}

// Not with `recursive`: where a folder takes no other in it, as in /proc, Node tries without end.
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (existsSync(folder)) return;
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(above)) throw error;
    makeFolder(above);
    makeFolder(folder);
  }
}

function createNew(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function latestOf(folder: string): number {
  return Math.max(0, ...readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
}

function removeBefore(folder: string, number: number): void {
  for (const name of readdirSync(folder)) {
    const older = NAME.exec(name)?.[1];
    if (older !== undefined && Number(older) < number) rmSync(join(folder, name), { force: true });
  }
}

function pathOf(folder: string, number: number): string {
  return join(folder, `.owner-${number}`);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function ownerIn(text: string | null): Owner | null {
  try {
    const owner = JSON.parse(text ?? '') as Partial<Owner>;
    return typeof owner.id === 'string' && typeof owner.pid === 'number' ? (owner as Owner) : null;
  } catch {
    return null;
  }
}

function lifeOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else lives all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return null;
  }
  // The 22nd field; the name of the program, which may hold anything, ends at the last bracket.
  const stat = textOf(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function placeOfThisProcess(): string {
  const boot = textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  try {
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
