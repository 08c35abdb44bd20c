import { MODEL } from './keyspace-process.js';

/** Who did something. */
type Who = object;

/** Calendars differ by less: what was born longer ago than this came before, whoever says so. */
export const SURE_MS = 50;

interface KnownSession {
  readonly user: string;
  readonly bornAt: number;
  readonly endedBy: Set<Who>;
  /** When it was in Redis for the first time. */
  storedAt: number | null;
  /** Nobody promises any more that it is there. */
  mayBeGone: boolean;
  /** Whether it was ended at nearly the moment of its birth: it may be there, or not. */
  isDoubtful: boolean;
}

/** What is promised of sessions: what was ended stays ended, and nothing else goes. */
export class SessionOracle {
  readonly #sessions = new Map<string, KnownSession>();
  readonly #droppedAt = new Map<string, number>();

  get size(): number {
    return this.#sessions.size;
  }

  get ids(): string[] {
    return [...this.#sessions.keys()];
  }

  newId(user: string, now: number): string {
    const id = `s${String(this.#sessions.size)}`;
    this.#sessions.set(id, {
      user,
      bornAt: now,
      endedBy: new Set(),
      storedAt: null,
      mayBeGone: false,
      isDoubtful: now - (this.#droppedAt.get(user) ?? -Infinity) < SURE_MS,
    });
    return id;
  }

  pick(at: number): string | null {
    const ids = this.ids;
    return ids[Math.floor(at * ids.length)] ?? null;
  }

  end(id: string, who: Who): void {
    this.#sessions.get(id)?.endedBy.add(who);
  }

  endAllOf(user: string, who: Who, { spared, now }: { spared: string | null; now: number }): void {
    this.#droppedAt.set(user, now);
    // The newest mark of a group decides: who spares a session has not heard that it was ended before.
    const kept = spared === null ? undefined : this.#sessions.get(spared);
    if (kept !== undefined && kept.endedBy.size > 0) kept.isDoubtful = true;
    for (const [id, session] of this.#sessions) {
      if (session.user !== user || id === spared) continue;
      if (now - session.bornAt < SURE_MS) session.isDoubtful = true;
      else session.endedBy.add(who);
    }
  }

  hasEnded(id: string, who: Who): boolean {
    return this.#sessions.get(id)?.endedBy.has(who) === true;
  }

  seenInRedis(key: string, now: number): void {
    const session = this.#sessions.get(idOf(key));
    if (session !== undefined) session.storedAt ??= now;
  }

  evicted(key: string): void {
    const session = this.#sessions.get(idOf(key));
    if (session !== undefined) session.mayBeGone = true;
  }

  // What a failover lost is written once more, if its process comes back before it is too old.
  lost(key: string, now: number): void {
    const session = this.#sessions.get(idOf(key));
    if (session !== undefined && now - session.bornAt > MODEL.windowMs) session.mayBeGone = true;
    else if (session !== undefined) session.storedAt = null;
  }

  faultAtRest(id: string, state: string, now: number): string | null {
    const session = this.#sessions.get(id);
    if (session === undefined || session.isDoubtful) return null;
    if (session.endedBy.size > 0) return state === 'found' ? `${id} was ended and is there` : null;
    const wasTooOld = session.storedAt === null && now - session.bornAt > MODEL.maxAgeMs / 2;
    if (session.mayBeGone || wasTooOld) return null;
    return state === 'found' ? null : `${id} was not ended and is ${state}`;
  }
}

/** What is promised of cached values: what was deleted is not read again by who knew it, and by nobody at rest. */
export class CacheOracle {
  readonly #versions = new Map<
    string,
    { readonly tags: readonly string[]; readonly madeAt: number }
  >();
  readonly #seen = new Map<Who, Map<string, Set<string>>>();
  readonly #banned = new Map<Who, Map<string, Set<string>>>();

  newVersion(tags: readonly string[], now: number): string {
    const version = `v${String(this.#versions.size)}`;
    this.#versions.set(version, { tags, madeAt: now });
    return version;
  }

  saw(who: Who, key: string, version: string): void {
    setIn(this.#seen, who, key).add(version);
  }

  deleted(who: Who, key: string): void {
    for (const version of setIn(this.#seen, who, key)) setIn(this.#banned, who, key).add(version);
  }

  dropped(who: Who, tag: string, now: number): void {
    for (const [key, versions] of this.#seen.get(who) ?? []) {
      for (const version of versions) {
        const known = this.#versions.get(version);
        const isSure = known !== undefined && now - known.madeAt >= SURE_MS;
        if (isSure && known.tags.includes(tag)) setIn(this.#banned, who, key).add(version);
      }
    }
  }

  isBanned(who: Who, key: string, version: string): boolean {
    return setIn(this.#banned, who, key).has(version);
  }

  faultAtRest(key: string, version: string): string | null {
    const isBanned = [...this.#banned.values()].some(
      (keys) => keys.get(key)?.has(version) === true,
    );
    return isBanned ? `${key} is ${version} at rest, which was deleted` : null;
  }
}

function setIn(map: Map<Who, Map<string, Set<string>>>, who: Who, key: string): Set<string> {
  const keys = map.get(who) ?? new Map<string, Set<string>>();
  map.set(who, keys);
  const set = keys.get(key) ?? new Set<string>();
  keys.set(key, set);
  return set;
}

function idOf(key: string): string {
  return key.replace('sessions:', '');
}
