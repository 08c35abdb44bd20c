import { Injectable } from '@nestjs/common';
import { SessionService, type Session } from '../../redis/index.js';
import { ProblemException } from '../http/problems.js';
import type {
  CurrentSessionView,
  LoggedIn,
  Login,
  SessionListView,
  SessionView,
  UserView,
} from './auth.schemas.js';
import { LoginThrottle } from './login-throttle.js';
import { isPassword, wasteTheSameTime } from './passwords.js';
import { UsersRepository, type UserRow } from './users.repository.js';

// Hashing is slow on purpose. Behind this many, a login would wait for seconds, and so would all others.
const MAX_HASHES = 32;

/** The data of a session, so that validating a request needs no database. */
interface SessionData extends Record<string, unknown> {
  readonly email: string;
  readonly name: string;
}

/** Logs users in, and lists their sessions. */
@Injectable()
export class AuthService {
  #hashes = 0;

  constructor(
    private readonly users: UsersRepository,
    private readonly sessions: SessionService,
    private readonly throttle: LoginThrottle,
  ) {}

  /** Starts a session for a user with the right password. */
  async login({ email, password }: Login): Promise<LoggedIn> {
    // This comes first: a login that is refused here has not tried a password.
    this.#refuseIfBusy();
    await this.throttle.enter(email);
    const user = await this.#known(email, password);
    const data: SessionData = { email: user.email, name: user.name };
    const { token, session } = await this.sessions.create({ userId: user.id, data });
    await this.throttle.forget(email);
    return { token, ...viewOf(session) };
  }

  /** What a client may know of its own session. */
  current(session: Session): CurrentSessionView {
    return viewOf(session);
  }

  /** All sessions of a user. */
  async list(userId: string): Promise<SessionListView> {
    const { sessions, isComplete } = await this.sessions.listOf(userId);
    return { sessions: sessions.map(sessionViewOf), isComplete };
  }

  async #known(email: string, password: string): Promise<UserRow> {
    const user = await this.users.findByEmail(email);
    const isRight = await this.#hashed(() =>
      user === null ? wasteTheSameTime(password) : isPassword(password, user.password_hash),
    );
    if (isRight && user !== null) return user;
    throw new ProblemException({
      statusCode: 401,
      code: 'LOGIN_FAILED',
      message: 'The address or the password is wrong',
    });
  }

  async #hashed<T>(hash: () => Promise<T>): Promise<T> {
    this.#refuseIfBusy();
    this.#hashes++;
    try {
      return await hash();
    } finally {
      this.#hashes--;
    }
  }

  #refuseIfBusy(): void {
    if (this.#hashes < MAX_HASHES) return;
    throw new ProblemException(
      {
        statusCode: 503,
        code: 'LOGIN_BUSY',
        message: 'Too many people log in right now. Try again',
      },
      { retryAfterS: 1 },
    );
  }
}

function viewOf(session: Session): CurrentSessionView {
  return { session: sessionViewOf(session), user: userOf(session) };
}

function userOf({ userId, data }: Session): UserView {
  const { email, name } = data as SessionData;
  return { id: userId, email, name };
}

function sessionViewOf({ id, userId, createdAt, lastSeenAt, expiresAt }: Session): SessionView {
  return {
    id,
    userId,
    createdAt: isoOf(createdAt),
    lastSeenAt: isoOf(lastSeenAt),
    expiresAt: isoOf(expiresAt),
  };
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}
