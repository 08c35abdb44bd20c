import type { Act, Knowledge } from './acts.js';
import type { Actor } from './actor.js';

/** A value of one key, which is told from all others by its body. */
export interface Version {
  readonly name: string;
  readonly key: string;
  readonly tags: readonly string[];
  /** When its load began, which is its place in the order of writes; `Infinity` for one that is written at once. */
  readonly loadedFrom: number;
  /** When the call that wrote it had ended; `Infinity` before that. */
  writtenAt: number;
  /**
   * Redis has given the load a place in its own order: a delete comes after it until the lease ends, a drop of a
   * tag always. Without one, calendars decide.
   */
  lease: { readonly until: number } | null;
  isStored: boolean;
  /** An index that listed it may have left Redis: a drop does not find it there. */
  isUnlisted: boolean;
  /** Redis has lost it, and may get it once more. */
  isLost: boolean;
  readonly knownTo: Set<Actor>;
  readonly bans: Ban[];
}

/** A delete, or a drop of a tag, that a value came before. */
interface Ban {
  readonly act: Act;
  /** The tag; `null` for a delete of the key. */
  readonly tag: string | null;
  /** Whether others are told: of a delete always, of a drop where it may have found the value. */
  readonly isTold: boolean;
}

/** What a delete, or a drop, is about: what was written before it, and what was being loaded. */
interface Meant {
  readonly before: readonly Version[];
  readonly underWay: readonly Version[];
  /** Whether one that was being loaded surely came before. */
  readonly isBefore: (version: Version, doneAt: number) => boolean;
}

/**
 * What is promised of cached values:
 * - what was deleted, by its key or by a tag, is not read again by who has deleted it
 * - nor, a moment later, by anybody who can ask Redis
 * - nor by anybody at rest, whoever had loaded it meanwhile
 * - nothing is read that was never written
 */
export class CacheOracle {
  readonly #versions = new Map<string, Version>();
  readonly #sureMs: number;
  readonly #isInRedis: (version: Version) => boolean;

  /** @param sureMs - what happened so much earlier did so for everybody, whatever the calendars say */
  constructor(sureMs: number, isInRedis: (version: Version) => boolean) {
    this.#sureMs = sureMs;
    this.#isInRedis = isInRedis;
  }

  /** A value begins to be written, or to be loaded. */
  begin(key: string, tags: readonly string[], loadedFrom = Infinity): Version {
    const version: Version = {
      name: `${key}.${String(this.#versions.size)}`,
      key,
      tags,
      loadedFrom,
      writtenAt: Infinity,
      lease: null,
      isStored: false,
      isUnlisted: false,
      isLost: false,
      knownTo: new Set(),
      bans: [],
    };
    this.#versions.set(version.name, version);
    return version;
  }

  /** A delete begins. Returns how it is noted when it is acknowledged. */
  beginDelete(by: Actor, key: string, now: number): (act: Act) => void {
    const before = this.#all((version) => version.key === key);
    const underWay = before.filter(({ writtenAt }) => writtenAt === Infinity);
    const isBefore = (version: Version, doneAt: number): boolean =>
      this.#isLongSince(version, now) || doneAt < (version.lease?.until ?? -Infinity);
    return this.#noting(by, { before, underWay, isBefore }, { tag: null, now });
  }

  /** The same for all that carries a tag. */
  beginDrop(by: Actor, tag: string, now: number): (act: Act) => void {
    const carriers = this.#all(({ tags, isUnlisted }) => tags.includes(tag) && !isUnlisted);
    const isBefore = (version: Version): boolean =>
      version.lease !== null || this.#isLongSince(version, now);
    const before = carriers.filter(isBefore);
    const underWay = before.filter(({ writtenAt }) => writtenAt === Infinity);
    return this.#noting(by, { before, underWay, isBefore }, { tag, now });
  }

  /** A process has read a body. Returns what is wrong with that; `null` for nothing. */
  read(key: string, body: string, knowledge: Knowledge): string | null {
    const { by } = knowledge;
    const version = this.#versions.get(body);
    if (version?.key !== key) return `${key} is ${body}, which nobody has written`;
    if (version.bans.some(({ act }) => act.isOf(knowledge))) {
      return `${key} is ${body}, which ${by.name} has deleted`;
    }
    const unheard = { ...knowledge, heardSince: Infinity };
    if (version.bans.some(({ act, isTold }) => act.isKnownTo(isTold ? knowledge : unheard))) {
      return `${key} is ${body} for ${by.name}, which could know that it was deleted`;
    }
    version.knownTo.add(by);
    return null;
  }

  /** What is wrong with what everybody reads in the end. */
  faultAtRest(key: string, body: string): string | null {
    const version = this.#versions.get(body);
    if (version?.key !== key) return `${key} is ${body} at rest, which nobody has written`;
    const isBanned = version.bans.some(({ act }) => act.isPromised);
    return isBanned ? `${key} is ${body} at rest, which was deleted` : null;
  }

  /** Redis has no room for what it knows of a key, or of a tag, but for its value. */
  forget({ key = null, tag = null }: { key?: string | null; tag?: string | null }): void {
    for (const version of this.#versions.values()) {
      const isMeant = version.key === key || (tag !== null && version.tags.includes(tag));
      if (!isMeant) continue;
      version.bans.length = 0;
      version.lease = null;
      version.isUnlisted ||= tag !== null;
    }
  }

  /** Redis has lost something: leases, too. */
  failOver(has: (version: Version) => boolean): void {
    for (const version of this.#versions.values()) {
      version.lease = null;
      if (!version.isStored || has(version)) continue;
      version.isStored = false;
      version.isLost = true;
    }
  }

  #all(isMeant: (version: Version) => boolean): Version[] {
    return [...this.#versions.values()].filter(isMeant);
  }

  #noting(
    by: Actor,
    { before, underWay, isBefore }: Meant,
    { tag, now }: { readonly tag: string | null; readonly now: number },
  ): (act: Act) => void {
    const known = before.filter(({ knownTo }) => knownTo.has(by));
    const there = tag === null ? before : before.filter(this.#isInRedis);
    // Nobody compares with what is lost: calendars decide.
    const stored = before.filter(
      (version) => version.isStored || (version.isLost && this.#isLongSince(version, now)),
    );
    return (act) => {
      const { deliveredAt } = act;
      const banned = new Set(known);
      if (deliveredAt !== null) {
        for (const version of stored) banned.add(version);
        for (const version of underWay) if (isBefore(version, deliveredAt)) banned.add(version);
      }
      for (const version of banned) {
        version.bans.push({ act, tag, isTold: there.includes(version) });
      }
    };
  }

  #isLongSince({ loadedFrom, writtenAt }: Version, now: number): boolean {
    return now - Math.min(loadedFrom, writtenAt) >= this.#sureMs;
  }
}
