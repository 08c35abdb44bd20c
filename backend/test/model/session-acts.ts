import {
  type Entry,
  laterThan,
  type Reading,
  type WriteReceipt,
} from '../../src/redis/keyspace/index.js';
import type { Act, Knowledge } from './acts.js';
import type { Actor } from './actor.js';
import { MODEL } from './model-settings.js';
import { bodyOf, draftOf, type Op, type Scene } from './scene.js';
import { SessionOracle, type KnownSession } from './session-oracle.js';
import { groupOf, keyOf } from './subjects.js';

const MAX_SESSIONS = 6;
const MAX_DROPS = 4;
const USERS = 2;
const MAX_BIRTHS = 4;
const FOR_EVER_MS = 1_000 * MODEL.maxAgeMs;

/** Sessions as keyspaces see them: begun, changed, ended, and all of a user's ended. */
export class SessionActs {
  readonly oracle: SessionOracle;
  readonly ops: Readonly<Record<string, Op>>;
  readonly #scene: Scene;
  /** What each process found last of a session that it looked for to change it. */
  readonly #found = new Map<Actor, Map<string, Entry>>();
  #drops = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.oracle = new SessionOracle(scene.sureMs);
    this.ops = {
      login: (process, b) => this.#login(process, b),
      change: (process, b, c) => this.#change(process, b, c < 0.3),
      logout: (process, b) => this.#logout(process, b),
      logoutAll: (process, b, c) => this.#logoutAll(process, b, c),
      readSession: (process, b) => this.#read(process, b),
    };
  }

  async #login(process: Actor, b: number): Promise<void> {
    if (this.oracle.all.length >= MAX_SESSIONS) return;
    const user = userOf(b);
    const startedAt = this.#scene.now;
    const session = this.oracle.begin(user, startedAt);
    const receipt = await this.#begin(process, session);
    if (receipt.outcome === 'superseded') {
      this.#scene.blame(`${session.id} could not begin`);
      return;
    }
    const act = this.#noteOf(process, session, receipt, startedAt);
    this.oracle.begun(session, act, { by: process, now: this.#scene.now });
  }

  // As the service of sessions does: one that an end of all has refused is born after that.
  async #begin({ sessions }: Actor, { id, user }: KnownSession): Promise<WriteReceipt> {
    const draft = draftOf(`${id}.0`, [user]);
    let receipt = await sessions.write(id, draft);
    for (let i = 1; i < MAX_BIRTHS; i++) {
      if (receipt.outcome !== 'superseded') return receipt;
      const { by = null } = receipt;
      const birth = by === null ? sessions.birth() : laterThan(sessions.birth(), by);
      receipt = await sessions.write(id, draft, { birth });
    }
    return receipt;
  }

  // As a request does that has found its session: at once, or later with what it found then.
  async #change(process: Actor, b: number, isLate: boolean): Promise<void> {
    const session = this.oracle.pick(b);
    if (session === null) return;
    const startedAt = this.#scene.now;
    const found = this.#found.get(process)?.get(session.id);
    const entry = isLate && found !== undefined ? found : await this.#find(process, session);
    if (entry === null) return;
    const { stamp, birth, groups, body } = entry;
    const draft = draftOf(`${session.id}.${String(++session.versions)}`, groups);
    const receipt = await process.sessions.write(session.id, draft, { replaces: stamp, birth });
    if (receipt.outcome === 'superseded') {
      session.holders.delete(process);
      return;
    }
    const act = this.#noteOf(process, session, receipt, startedAt);
    // Another one has changed it as well, and one of the two changes gives way: it may be doubted.
    const isBehind = [...session.beaten.values()].some((other) => other.waitsElsewhere(process));
    const mayBeLost = isBehind || session.beaten.has(body.toString());
    session.beaten.set(body.toString(), act);
    // The copies of others are outdated.
    session.holders.clear();
    if (!mayBeLost) session.holders.add(process);
  }

  async #find(process: Actor, session: KnownSession): Promise<Entry | null> {
    const { answer: reading, knowledge } = await this.#scene.asking(process, () =>
      process.sessions.read(session.id, { onPrimary: true }),
    );
    this.#judge(session, reading, knowledge);
    if (reading.state !== 'found') return null;
    const found = this.#found.get(process) ?? new Map<string, Entry>();
    this.#found.set(process, found.set(session.id, reading.entry));
    return reading.entry;
  }

  async #logout(process: Actor, b: number): Promise<void> {
    const session = this.oracle.pick(b);
    if (session === null) return;
    const startedAt = this.#scene.now;
    const wasDoubtful = session.isDoubtful;
    // Until it is acknowledged, and for ever if it is not.
    session.isDoubtful = true;
    session.isHoldingSure = false;
    const how = { isFinal: true, keepMs: FOR_EVER_MS };
    const receipt = await process.sessions.delete(session.id, how);
    session.isDoubtful = wasDoubtful;
    session.ends.push(this.#noteOf(process, session, receipt, startedAt));
  }

  async #logoutAll(process: Actor, b: number, c: number): Promise<void> {
    if (++this.#drops > MAX_DROPS) return;
    const user = userOf(b);
    const wanted = c < 0.4 ? this.oracle.pick((c / 0.4) * 0.999) : null;
    // Who spares a session uses it: it is there for this process.
    const isThere = wanted !== null && (await process.sessions.read(wanted.id)).state === 'found';
    const except = isThere ? [wanted.id] : [];
    const startedAt = this.#scene.now;
    const note = this.oracle.beginDrop(user, except[0] ?? null, startedAt);
    let act: Act | null = null;
    try {
      const how = { isFinal: true, keepMs: FOR_EVER_MS, except };
      const receipt = await process.sessions.dropGroup(user, how);
      const subject = groupOf(process.sessions, user, except);
      act = this.#scene.note(process, receipt, subject, startedAt);
    } finally {
      note(act, this.#scene.now);
    }
  }

  async #read(process: Actor, b: number): Promise<void> {
    const session = this.oracle.pick(b);
    if (session === null) return;
    const { answer, knowledge } = await this.#scene.asking(process, () =>
      process.sessions.read(session.id),
    );
    this.#judge(session, answer, knowledge);
  }

  #noteOf(by: Actor, { id }: KnownSession, receipt: WriteReceipt, startedAt: number): Act {
    return this.#scene.note(by, receipt, keyOf(by.sessions, id), startedAt);
  }

  #judge(session: KnownSession, reading: Reading, knowledge: Knowledge): void {
    const { by } = knowledge;
    if (by.isOver) return;
    const { holders, isHoldingSure, id } = session;
    const body = bodyOf(reading);
    if (body !== null) {
      this.#scene.blame(this.oracle.read(session, body, knowledge));
      // A copy that others have changed since may be doubted at any moment.
      if (!session.beaten.has(body)) holders.add(by);
      return;
    }
    const isForgotten = reading.state === 'unknown' && holders.has(by) && isHoldingSure;
    if (isForgotten && this.#scene.settings.hasRoom && !by.hasInherited) {
      this.#scene.blame(`${by.name} does not know ${id} any more`);
    }
    holders.delete(by);
  }
}

function userOf(at: number): string {
  return `u${String(Math.floor(at * USERS))}`;
}
