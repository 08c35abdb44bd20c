import type { SessionArchive, SessionRecord } from '../../redis/index.js';
import type { Database } from '../database/database.js';

/** How many one {@link TableArchive.sweep} deletes: few enough not to block other statements for long. */
export const SWEPT_AT_ONCE = 1000;
const MAX_OF_A_USER = 1000;

/** Stores sessions in a table, so that they survive a Redis that comes back empty. */
export class TableArchive implements SessionArchive {
  constructor(private readonly database: Database) {}

  async save(record: SessionRecord, how: 'insert' | 'update'): Promise<void> {
    const { id, userId, endsAt, revision } = record;
    // An update never inserts and never goes back: a late one must not bring an ended session back.
    const statement =
      how === 'insert'
        ? 'INSERT INTO sessions (id, user_id, ends_at, revision, record) VALUES ($1, $2, $3, $4, $5)'
        : 'UPDATE sessions SET ends_at = $3, revision = $4, record = $5 WHERE id = $1 AND user_id = $2 AND revision <= $4';
    await this.database.query(statement, [id, userId, endsAt, revision, JSON.stringify(record)]);
  }

  async find(id: string): Promise<SessionRecord | null> {
    const [row] = await this.database.query<{ record: SessionRecord }>(
      'SELECT record FROM sessions WHERE id = $1',
      [id],
    );
    return row?.record ?? null;
  }

  async remove(id: string): Promise<void> {
    await this.database.query('DELETE FROM sessions WHERE id = $1', [id]);
  }

  async removeAllOf(userId: string, exceptId: string | null): Promise<void> {
    await this.database.query(
      'DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2::text',
      [userId, exceptId],
    );
  }

  async listOf(userId: string): Promise<readonly SessionRecord[]> {
    const rows = await this.database.query<{ record: SessionRecord }>(
      'SELECT record FROM sessions WHERE user_id = $1 ORDER BY ends_at DESC LIMIT $2',
      [userId, MAX_OF_A_USER + 1],
    );
    // The list of sessions is then marked as incomplete.
    if (rows.length > MAX_OF_A_USER) throw new RangeError('A user has too many sessions to list');
    return rows.map(({ record }) => record);
  }

  /** Deletes a portion of the ended sessions. Returns how many. */
  async sweep(now: number): Promise<number> {
    const rows = await this.database.query(
      'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ends_at < $1 ORDER BY ends_at LIMIT $2) RETURNING 1',
      [now, SWEPT_AT_ONCE],
    );
    return rows.length;
  }
}
