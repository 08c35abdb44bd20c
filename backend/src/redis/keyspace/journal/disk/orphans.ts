import { randomBytes } from 'node:crypto';
import * as disk from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../../base/errors/index.js';
import type { Clock } from '../../../base/timing/index.js';
import { keepDamaged } from './damaged-copies.js';
import { openOwn, type Disk } from './journal-disk.js';
import {
  ENOUGH_BYTES,
  kindOf,
  readJournal,
  type FileKind,
  type JournalSeal,
} from './journal-format.js';
import type { JournalRecord } from './journal-log.js';
import { lifeOf, thisProcess, type JournalOwner } from './journal-owner.js';

/** Why a file is left alone. */
export type SkipReason = 'other-redis' | 'unknown-key' | 'unreadable';

/** A file whose process is gone, and which this process has taken. */
export interface Orphan {
  readonly path: string;
  readonly stem: string;
  readonly records: readonly JournalRecord[];
  readonly damagedBytes: number;
  /** Some of it was sealed with a key that is not known here. */
  readonly isSealed: boolean;
}

/** A file as it was seen at the latest look. */
interface Sight {
  /** Changes with each sign of life. */
  mark: string;
  since: number;
  /** How often it was seen without an owner. */
  looks: number;
  isTold: boolean;
}

/**
 * What a name says: `journal` belongs to the process in its head, `tmp` is about to replace it, `left` was left
 * by a process that ended in good order, `taken` is being adopted, `aside` was sealed with an unknown key.
 */
type Role = 'journal' | 'tmp' | 'left' | 'taken' | 'aside';

interface Candidate {
  readonly name: string;
  readonly stem: string;
  readonly role: Role;
}

/** So long a file must give no sign of life before it is taken for abandoned, in ms. */
const SILENCE_MS = 10_000;

const NAME = /^(.+?)(?:\.[0-9a-f]{8})?\.(?:journal\.)?(journal|tmp|left|taken|aside)$/;
const ID_BYTES = 4;
const LOOKS_BEFORE_TOLD = 2;

/** The files of processes that are gone: finds them, and takes each for this process alone. */
export class Orphans {
  readonly #place: { readonly dir: string; readonly stem: string };
  readonly #seal: JournalSeal;
  readonly #tools: { readonly clock: Clock; readonly disk: Disk; readonly self: JournalOwner };
  readonly #onSkipped: (file: string, reason: SkipReason) => void;
  readonly #sights = new Map<string, Sight>();
  readonly #taken = new Set<string>();
  #looks = 0;

  private constructor(
    place: { readonly dir: string; readonly stem: string },
    seal: JournalSeal,
    tools: { readonly clock: Clock; readonly disk: Disk; readonly self: JournalOwner },
    onSkipped: (file: string, reason: SkipReason) => void,
  ) {
    this.#place = place;
    this.#seal = seal;
    this.#tools = tools;
    this.#onSkipped = onSkipped;
  }

  /** @param place - the folder, and the first part of the names of this process's own files */
  static async in(
    place: { readonly dir: string; readonly stem: string },
    seal: JournalSeal,
    tools: { readonly clock: Clock; readonly disk: Disk },
    onSkipped: (file: string, reason: SkipReason) => void,
  ): Promise<Orphans> {
    return new Orphans(place, seal, { ...tools, self: await thisProcess() }, onSkipped);
  }

  /** The paths of those that were taken and are not removed yet. */
  get taken(): readonly string[] {
    return [...this.#taken];
  }

  /** Looks through the folder, and takes what belongs to nobody any more. */
  async look(): Promise<Orphan[]> {
    const names = await disk.readdir(this.#place.dir);
    this.#looks++;
    for (const seen of this.#sights.keys()) if (!names.includes(seen)) this.#sights.delete(seen);
    const orphans: Orphan[] = [];
    for (const candidate of names.map(parseName)) {
      if (candidate === null || this.#isOwn(candidate)) continue;
      const orphan = await this.#tryTake(candidate).catch((error: unknown) => {
        // Another process was faster.
        if (codeOf(error) !== 'ENOENT') this.#tell(candidate.name, 'unreadable');
        return null;
      });
      if (orphan !== null) orphans.push(orphan);
    }
    return orphans;
  }

  /** Removes one whose records are safe elsewhere. What could not be opened is set aside for a later start. */
  async remove(orphan: Orphan): Promise<void> {
    const { disk: files } = this.#tools;
    if (orphan.isSealed) {
      const name = this.#newName(orphan.stem, 'aside');
      await files.rename(orphan.path, this.#pathOf(name));
      this.#onSkipped(name, 'unknown-key');
    } else await files.rm(orphan.path, { force: true });
    this.#taken.delete(orphan.path);
  }

  /** Gives one back, for whoever comes next. */
  async release(path: string, stem: string): Promise<void> {
    this.#taken.delete(path);
    await this.#tools.disk.rename(path, this.#pathOf(this.#newName(stem, 'left')));
  }

  #isOwn({ name, stem, role }: Candidate): boolean {
    const isOurs = stem === this.#place.stem && (role === 'journal' || role === 'tmp');
    return isOurs || this.#taken.has(this.#pathOf(name));
  }

  async #tryTake(candidate: Candidate): Promise<Orphan | null> {
    const { name, role } = candidate;
    const found = await this.#see(name);
    if (found === null) {
      this.#tell(name, 'unreadable');
      return null;
    }
    const { kind, sight } = found;
    if (!(await this.#isFree(role, kind, sight))) return null;
    sight.looks++;
    if (role === 'tmp' || kind.kind === 'unfinished') {
      await this.#tools.disk.rm(this.#pathOf(name), { force: true });
      return null;
    }
    const reason = this.#whyNot(kind);
    if (reason === null) return this.#take(candidate);
    // Another connection of this process may be about to take it.
    if (sight.looks >= LOOKS_BEFORE_TOLD) this.#tell(name, reason);
    return null;
  }

  /** What a file is now, and since when it looks like this; `null` for what is no file of this user. */
  async #see(name: string): Promise<{ readonly kind: FileKind; readonly sight: Sight } | null> {
    const handle = await openOwn(this.#pathOf(name), this.#tools.disk);
    if (handle === null) return null;
    try {
      const { mtimeMs, size } = await handle.stat();
      const start = Buffer.alloc(ENOUGH_BYTES);
      const { bytesRead } = await handle.read(start, 0, ENOUGH_BYTES, 0);
      const sight = this.#sightOf(name, `${String(mtimeMs)} ${String(size)}`);
      return { kind: kindOf(start.subarray(0, bytesRead)), sight };
    } finally {
      await handle.close();
    }
  }

  #sightOf(name: string, mark: string): Sight {
    const known = this.#sights.get(name);
    if (known?.mark === mark) return known;
    const sight = {
      mark,
      since: this.#tools.clock.now(),
      looks: 0,
      isTold: known?.isTold ?? false,
    };
    this.#sights.set(name, sight);
    return sight;
  }

  async #isFree(role: Role, kind: FileKind, sight: Sight): Promise<boolean> {
    if (role === 'left') return true;
    // The keys of this process do not change.
    if (role === 'aside') return this.#looks === 1;
    // Of a `taken` file the head names the process that is gone. Whoever adopts it gives signs of life.
    if (role !== 'taken' && kind.kind === 'journal') {
      const life = await lifeOf(kind.head.owner, this.#tools.self);
      if (life !== 'unknown') return life === 'dead';
    }
    return this.#tools.clock.now() - sight.since >= SILENCE_MS;
  }

  #whyNot(kind: FileKind): SkipReason | null {
    if (kind.kind === 'foreign' || kind.kind === 'later') return 'unreadable';
    const isOther = kind.kind === 'journal' && kind.head.fingerprint !== this.#seal.fingerprint;
    return isOther ? 'other-redis' : null;
  }

  async #take({ name, stem }: Candidate): Promise<Orphan> {
    const path = this.#pathOf(this.#newName(stem, 'taken'));
    // Of several processes that try this, one succeeds.
    await this.#tools.disk.rename(this.#pathOf(name), path);
    this.#taken.add(path);
    try {
      return await this.#read(path, stem);
    } catch (error) {
      await this.release(path, stem).catch(() => undefined);
      throw error;
    }
  }

  async #read(path: string, stem: string): Promise<Orphan> {
    const bytes = await this.#bytesOf(path);
    const { contents, damaged, sealed } = readJournal(bytes, this.#seal);
    const damagedBytes = damaged.reduce((sum, { from, to }) => sum + to - from, 0);
    if (damagedBytes > 0) {
      const name = `${stem}.${newId()}`;
      // What can be read counts more than a copy of what cannot.
      await keepDamaged(this.#place.dir, name, bytes, damaged).catch(() => undefined);
    }
    return { path, stem, records: contents.records, damagedBytes, isSealed: sealed > 0 };
  }

  async #bytesOf(path: string): Promise<Buffer> {
    const handle = await openOwn(path, this.#tools.disk);
    if (handle === null) return Buffer.alloc(0);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  #tell(name: string, reason: SkipReason): void {
    const sight = this.#sights.get(name) ?? this.#sightOf(name, '');
    if (!sight.isTold) this.#onSkipped(name, reason);
    sight.isTold = true;
  }

  #newName(stem: string, role: Role): string {
    return `${stem}.${newId()}.${role}`;
  }

  #pathOf(name: string): string {
    return join(this.#place.dir, name);
  }
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

function parseName(name: string): Candidate | null {
  const [, stem, role] = NAME.exec(name) ?? [];
  return stem === undefined ? null : { name, stem, role: role as Role };
}
