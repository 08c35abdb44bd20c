import type { KeyRing } from '../../../redis/base/crypto/index.js';
import { MAX_AHEAD_MS, stampBytes } from '../../../redis/keyspace/index.js';
import { BackupError } from '../backup-error.js';
import type { BackupFolder } from '../backup-folder.js';
import type { End, KnownEnds } from '../ends/ends-log.js';
import { knownEnds } from './known-ends.js';
import type { BackupHeader } from '../file/backup-header.js';
import { type KeyKind, kindOf } from '../file/entry-kinds.js';
import { itemsOf, verifyBackup } from '../file/read-backup.js';
import type { NodeLink } from '../../node-link/index.js';
import type { RdbKey } from '../rdb/rdb-reader.js';
import { STRING_TYPE } from '../rdb/rdb-values.js';
import { rawOfText } from './dump-payload.js';
import { KeyPlacer } from './key-placer.js';
import { RestoreTarget } from './restore-target.js';

/**
 * What becomes of sessions: those that are known to be ended stay ended, and without that knowledge nothing is
 * restored (`known`); none comes back (`drop`); or all come back as they were, whatever happened since (`keep`).
 */
export type SessionChoice = 'known' | 'drop' | 'keep';

/** What is restored, and how. */
export interface RestoreOptions {
  readonly path: string;
  readonly ring: KeyRing;
  /** The name of the cluster that it is restored into. */
  readonly cluster: string;
  /** Where the lists of ends lie. */
  readonly folder: BackupFolder;
  readonly sessions: SessionChoice;
  /** Whether cached values come back. They are as old as the backup. */
  readonly values: 'keep' | 'drop';
  /** Whether the target may hold something, which stays. */
  readonly merge: boolean;
  /** Whether a backup of another cluster will do. */
  readonly foreign: boolean;
  /** What the application puts in front of its keys. */
  readonly keyPrefix: string;
}

/** What was restored. */
export interface RestoreReport {
  readonly header: BackupHeader;
  /** Until when ends are known, in calendar milliseconds; `null` where they were not asked for. */
  readonly endsKnownUntil: number | null;
  /** Ends that were written before anything else. */
  readonly ends: number;
  readonly restored: number;
  /** Something newer was there. */
  readonly kept: number;
  /** Sessions and values that were ended since. */
  readonly ended: number;
  readonly expired: number;
  /** Left out, as was asked for. */
  readonly left: number;
  /** How many of how many replicas have everything. */
  readonly replicas: number;
  readonly ofReplicas: number;
}

/**
 * Restores a backup into a primary. Before anything is written the whole file is verified, and what is known of ends.
 * Ends are written first: nothing that was ended is there for a moment.
 * @throws {@link BackupError} with the reason.
 */
export async function restoreBackup(
  link: NodeLink,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const header = await verifyBackup(options.path, options.ring);
  requireOwn(header, options);
  const known =
    options.sessions === 'known' ? await knownEnds(header, options.folder, options.ring) : null;
  return new Restoring(link, header, options).run(known);
}

function requireOwn({ cluster }: BackupHeader, options: RestoreOptions): void {
  if (cluster === options.cluster || options.foreign) return;
  throw new BackupError(
    'FOREIGN',
    `it is a backup of the cluster ${JSON.stringify(cluster)}, and this one is ${JSON.stringify(options.cluster)}`,
    'Give a backup of this cluster; if you mean that one, say --foreign',
  );
}

class Restoring {
  readonly #link: NodeLink;
  readonly #header: BackupHeader;
  readonly #options: RestoreOptions;
  readonly #target: RestoreTarget;
  readonly #counts = { restored: 0, kept: 0, ended: 0, expired: 0, left: 0, ends: 0 };
  #isWritingEnds = false;

  constructor(link: NodeLink, header: BackupHeader, options: RestoreOptions) {
    this.#link = link;
    this.#header = header;
    this.#options = options;
    this.#target = new RestoreTarget(link, (outcome) => {
      this.#counts[this.#isWritingEnds ? 'ends' : outcome]++;
    });
  }

  async run(known: KnownEnds | null): Promise<RestoreReport> {
    const { path, ring, merge, keyPrefix } = this.#options;
    const { rdbVersion } = this.#header;
    await this.#target.check(this.#header, merge);
    const now = await this.#link.time();
    const ceiling = stampBytes({ wallMs: now + MAX_AHEAD_MS, count: 0xffff, origin: LATEST });
    const placer = new KeyPlacer({ rdbVersion, keyPrefix, ceiling });
    await this.#writeEnds(known?.ends ?? [], placer, now);
    for await (const item of itemsOf(path, ring)) {
      if (item.kind === 'functions') await this.#target.putFunctions(item.code);
      else if (item.kind === 'key' && this.#isWanted(item, now)) {
        await this.#target.put(item.db, placer.place(item));
      }
    }
    const { replicas, of: ofReplicas } = await this.#target.untilReplicated();
    const endsKnownUntil = known?.until ?? null;
    return { header: this.#header, endsKnownUntil, ...this.#counts, replicas, ofReplicas };
  }

  async #writeEnds(ends: readonly End[], placer: KeyPlacer, now: number): Promise<void> {
    this.#isWritingEnds = true;
    for (const { db, key, value, expiresAt } of ends) {
      // What it ends may live for longer than the end was to be remembered: then nobody had it any more.
      const keptUntil = expiresAt === null ? null : Math.max(expiresAt, now + KEPT_MS);
      const end = { kind: 'key', db, key, type: STRING_TYPE, text: value } as const;
      const raw = rawOfText(value);
      await this.#target.put(db, placer.place({ ...end, raw, expiresAt: keptUntil }));
    }
    await this.#target.settle();
    this.#isWritingEnds = false;
  }

  #isWanted(item: RdbKey, now: number): boolean {
    const { expiresAt } = item;
    if (expiresAt !== null && expiresAt <= now) this.#counts.expired++;
    else if (this.#isLeft(kindOf(item))) this.#counts.left++;
    else return true;
    return false;
  }

  #isLeft(kind: KeyKind): boolean {
    const { sessions, values } = this.#options;
    return (kind === 'session' && sessions === 'drop') || (kind === 'cached' && values === 'drop');
  }
}

const LATEST = 'f'.repeat(16);
const KEPT_MS = 3_600_000;
