import { SessionInvalidError, SessionUnavailableError } from '../../base/errors/index.js';
import { stampDigits, stampOfDigits } from '../../keyspace/index.js';
import { type IssuedSession, toSession } from '../record/session.js';
import { type SessionRecord, stampOfChange } from '../record/session-record.js';
import { idOf, newToken } from '../record/session-token.js';
import {
  invalid,
  reportFailedWrite,
  type SessionDeps,
  type SessionReader,
} from './session-reader.js';
import { isSuperseded, type SessionWriter } from './session-writer.js';

const MAX_ATTEMPTS = 5;

/** Gives sessions new tokens: a successor is written first, then the old session is ended, by one caller only. */
export class SessionRotation<T> {
  readonly #deps: SessionDeps;
  readonly #reader: SessionReader;
  readonly #writer: SessionWriter;

  constructor(deps: SessionDeps, reader: SessionReader, writer: SessionWriter) {
    this.#deps = deps;
    this.#reader = reader;
    this.#writer = writer;
  }

  /** Replaces the session with this id by one with a new token. */
  async rotate(oldId: string): Promise<IssuedSession<T>> {
    const token = newToken();
    const before = await this.#reader.loadForChange(oldId);
    const after = await this.#writeSuccessor(before, idOf(token));
    try {
      // The archive first: if it refuses, nothing has happened to the old session.
      await this.#deps.desk?.remove(oldId);
      const successor = await this.#replace(before, after);
      return { token, session: toSession(successor) };
    } catch (error) {
      await this.#writer.discard(after);
      throw error;
    }
  }

  async #replace(before: SessionRecord, after: SessionRecord): Promise<SessionRecord> {
    try {
      return await this.#endOld(before, after);
    } catch (error) {
      // It has not ended, so the archive must have it.
      if (!(error instanceof SessionInvalidError)) await this.#putBack(before);
      throw error;
    }
  }

  // It keeps the birth of the old one, so that it ends with all that were born before an end of all. Where the old
  // one was the exception of such an end, it is born anew: it has another id, which the mark does not name.
  async #writeSuccessor(old: SessionRecord, id: string): Promise<SessionRecord> {
    let before = old;
    let birth = before.birth;
    for (let tries = 1; tries <= MAX_ATTEMPTS; tries++) {
      const { keyspace } = this.#deps;
      const stamp = stampOfChange(stampOfDigits(before.revision), keyspace.stamp());
      const revision = stampDigits(stamp);
      const after = this.#writer.used({ ...before, id, revision, birth });
      const receipt = await this.#writer.insertSuccessor(after);
      if (!isSuperseded(receipt)) return after;
      birth = stampDigits(this.#writer.bornAfter(receipt));
      // Refused unless it is the exception; fails when it was ended.
      const used = await this.#writer.slide(before);
      before = used ?? (await this.#reader.loadForChange(old.id));
      if (used === null) birth = before.birth;
    }
    // It was there each time: it has not ended.
    throw new SessionUnavailableError('All others of the user are ended all the time; try again', {
      attempts: MAX_ATTEMPTS,
    });
  }

  // Ends exactly what the successor was made of: a change that was answered meanwhile goes over to the successor.
  async #endOld(old: SessionRecord, first: SessionRecord): Promise<SessionRecord> {
    let [before, after] = [old, first];
    for (let tries = 1; tries <= MAX_ATTEMPTS; tries++) {
      const receipt = await this.#writer.endReplaced(before);
      if (!isSuperseded(receipt)) return after;
      if (receipt.by === undefined) throw this.#lost();
      // Fails where somebody else was first, with a successor of his own or without one.
      before = await this.#reader.loadForChange(before.id);
      const changed = await this.#writer.change(after, before.data);
      if (changed === null) throw invalid('deleted');
      after = changed;
    }
    throw new SessionUnavailableError('Others changed the session all the time; try again', {
      attempts: MAX_ATTEMPTS,
    });
  }

  #lost(): Error {
    if (this.#deps.desk === null) return invalid('missing');
    return new SessionUnavailableError(
      'Redis has lost the session since it was read, and the archive has it; try again',
    );
  }

  async #putBack(before: SessionRecord): Promise<void> {
    const { desk, keyspace } = this.#deps;
    if (desk === null) return;
    try {
      const reading = await keyspace.read(before.id, { onPrimary: true });
      if (reading.state === 'deleted') return;
      await desk.insert(reading.state === 'found' ? reading.value : before);
    } catch (error) {
      reportFailedWrite(this.#deps, error);
    }
  }
}
