import type { Clock } from '../../../redis/base/timing/index.js';
import { CliError } from '../../frame/index.js';
import { BackupError } from '../backup-error.js';
import { followNode } from '../source/follow-node.js';
import type { Source } from '../source/find-source.js';
import type { NodeLink } from '../../node-link/index.js';
import { type BackupHome, factsOf, type TakenBackup, writeSnapshot } from '../take-backup.js';
import { EndsLogWriter, type HeardPlace, readEnds } from './ends-log.js';
import { HeardWrites } from './heard-writes.js';

/** What one that follows tells. */
export type FollowEvent =
  | { readonly kind: 'follows'; readonly node: string; readonly offset: number }
  | { readonly kind: 'took'; readonly backup: TakenBackup }
  | { readonly kind: 'wrote'; readonly ends: number; readonly at: number; readonly offset: number }
  | { readonly kind: 'lost'; readonly error: CliError };

/** How one follows. */
export interface FollowOptions {
  /** Connects to a replica. */
  readonly open: () => Promise<Source>;
  readonly report: (event: FollowEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** How often what was heard is put on the disk, in ms. */
  readonly everyMs: number;
  /** A list goes on for so long before another one begins, in ms. */
  readonly listMs: number;
}

const RETRY_MS = 1_000;
const MAX_LIST_BYTES = 64 * 2 ** 20;
const SILENT_MS = 30_000;

/**
 * Hears all writes of a cluster, as a replica of a replica, and keeps on disk what was ended: so that it stays ended when
 * a snapshot is restored. Where the cluster cannot go on from where it was, it takes a snapshot first.
 */
export class EndsFollower {
  readonly #home: BackupHome;
  readonly #options: FollowOptions;
  #heard: HeardPlace | null = null;
  #list: { readonly writer: EndsLogWriter; readonly until: number } | null = null;

  constructor(home: BackupHome, options: FollowOptions) {
    this.#home = home;
    this.#options = options;
  }

  /** Follows until the signal fires, from one replica to another. Rejects when the disk takes nothing. */
  async run(): Promise<void> {
    const { signal, report, clock } = this.#options;
    this.#heard = await this.#lastHeard();
    let told = '';
    while (!signal.aborted) {
      try {
        await this.#followOne();
      } catch (error) {
        if (!(error instanceof CliError) || ENDS_IT.has(error.code)) throw error;
        if (!isAborted(signal) && error.message !== told) report({ kind: 'lost', error });
        told = error.message;
      }
      await clock.sleep(RETRY_MS, signal);
    }
    await this.#list?.writer.close();
  }

  // Where the lists end; else where the latest snapshot was taken.
  async #lastHeard(): Promise<HeardPlace | null> {
    const { folder, cluster, ring } = this.#home;
    const [list] = await folder.filesOf(cluster, 'ends');
    const heard = list === undefined ? null : await readEnds(list.path, ring).catch(orNothing);
    if (heard !== null) return heard.until;
    const [snapshot] = await folder.filesOf(cluster, 'snapshot');
    if (snapshot === undefined) return null;
    const { history, offset, streamDb: db } = snapshot.header;
    return { history, offset, db };
  }

  async #followOne(): Promise<void> {
    const { open, signal } = this.#options;
    const source = await open();
    try {
      if (!signal.aborted) await this.#listen(source);
    } finally {
      source.link.close();
    }
  }

  async #listen(source: Source): Promise<void> {
    const { link } = source;
    const { report, everyMs, clock } = this.#options;
    const facts = await factsOf(source, this.#home.folder);
    const aheadMs = facts.takenAt - clock.wallTime();
    const following = await followNode(link, this.#heard);
    if (following.kind === 'snapshot') {
      await this.#closeList();
      const backup = await writeSnapshot(following, facts, this.#home);
      this.#heard = { ...following.place, db: backup.header.streamDb };
      report({ kind: 'took', backup });
    } else if (this.#heard !== null) {
      this.#heard = { ...this.#heard, history: following.place.history };
    }
    const { heard } = this.#place();
    report({ kind: 'follows', node: facts.node, offset: heard.offset });
    link.silentAfter(SILENT_MS);
    const listener = new Listener(link, heard, { clock, aheadMs });
    await listener.run(everyMs, (ends, place) => this.#keep(ends, place, facts.node));
  }

  #place(): { heard: HeardPlace } {
    if (this.#heard !== null) return { heard: this.#heard };
    throw new BackupError('NODE_REFUSED', 'the node sent no snapshot', 'Try again');
  }

  async #keep(
    ends: ReturnType<HeardWrites['take']>,
    place: HeardPlace & { readonly at: number },
    node: string,
  ): Promise<void> {
    const { at } = place;
    if (
      this.#list !== null &&
      (at > this.#list.until || this.#list.writer.bytes > MAX_LIST_BYTES)
    ) {
      await this.#closeList();
    }
    if (this.#list === null) {
      const writer = await EndsLogWriter.create(this.#home, { ...this.#place().heard, at, node });
      this.#list = { writer, until: at + this.#options.listMs };
    }
    await this.#list.writer.add(ends, place, at);
    this.#heard = { history: place.history, offset: place.offset, db: place.db };
    this.#options.report({ kind: 'wrote', ends: ends.length, at, offset: place.offset });
  }

  async #closeList(): Promise<void> {
    await this.#list?.writer.close();
    this.#list = null;
  }
}

/** Nothing is gained by trying again at once. */
const ENDS_IT: ReadonlySet<string | null> = new Set([
  ...['DISK_FULL', 'DISK_HUNG', 'SETTINGS_INVALID', 'KEY_UNKNOWN'],
]);

type Keep = (
  ends: ReturnType<HeardWrites['take']>,
  place: HeardPlace & { readonly at: number },
) => Promise<void>;

/** The calendar of the node that is followed. */
interface NodeCalendar {
  readonly clock: Clock;
  /** By how much it is ahead of the one here. */
  readonly aheadMs: number;
}

/** Hears the writes that come over one connection. */
class Listener {
  readonly #link: NodeLink;
  readonly #history: string;
  readonly #writes: HeardWrites;
  readonly #calendar: NodeCalendar;
  #offset: number;
  #heardAt: number;
  #keeping: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(link: NodeLink, { history, offset, db }: HeardPlace, calendar: NodeCalendar) {
    this.#link = link;
    this.#history = history;
    this.#offset = offset;
    this.#writes = new HeardWrites(db);
    this.#calendar = calendar;
    this.#heardAt = this.#now;
  }

  /** Rejects when the connection ends, or when what was heard could not be kept. */
  async run(everyMs: number, keep: Keep): Promise<void> {
    const stop = this.#calendar.clock.every(everyMs, () => {
      this.#acknowledge();
      this.#keeping ??= this.#keepAll(keep);
    });
    this.#acknowledge();
    const end = await this.#hearAll();
    stop();
    await this.#keeping;
    if (this.#failure === null) await this.#keepAll(keep);
    // What was heard and not kept is heard again on the next connection.
    throw this.#failure ?? end;
  }

  /** Resolves with what has ended the connection. */
  async #hearAll(): Promise<Error> {
    try {
      for (;;) await this.#hearOne();
    } catch (error) {
      return asError(error);
    }
  }

  async #hearOne(): Promise<void> {
    const { reader } = this.#link;
    const before = reader.taken;
    const command = await reader.reply();
    this.#offset += reader.taken - before;
    this.#heardAt = this.#now;
    this.#writes.hear(command, this.#heardAt);
  }

  // The time is that of the last word: a primary says something every few seconds, and silence says nothing.
  async #keepAll(keep: Keep): Promise<void> {
    const place = { history: this.#history, offset: this.#offset, db: this.#writes.db };
    try {
      await keep(this.#writes.take(), { ...place, at: this.#heardAt });
    } catch (error) {
      this.#failure = asError(error);
      this.#link.close();
    } finally {
      this.#keeping = null;
    }
  }

  #acknowledge(): void {
    this.#link.send(['REPLCONF', 'ACK', String(this.#offset)]);
  }

  get #now(): number {
    const { clock, aheadMs } = this.#calendar;
    return Math.floor(clock.wallTime() + aheadMs);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new TypeError(String(error));
}

// A list that cannot be read ends there: what follows begins with a backup.
function orNothing(error: unknown): null {
  if (error instanceof BackupError) return null;
  throw asError(error);
}

// The compiler does not know that it changes while something is awaited.
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
