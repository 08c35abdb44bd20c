import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Database } from '../database/database.js';

/** A row of the table of users. */
export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly password_hash: string;
}

/** The users in the database. */
@Injectable()
export class UsersRepository {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  /** Returns the user with this address; `null` when there is none. */
  async findByEmail(email: string): Promise<UserRow | null> {
    const [row] = await this.database.query<UserRow>(
      'SELECT id, email, name, password_hash FROM users WHERE email = $1',
      [email.toLowerCase()],
    );
    return row ?? null;
  }
}
