import { Body, Controller, Get, HttpCode, Injectable, Post, UseGuards } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  LoginSchema,
  type CurrentSessionView,
  type LoggedIn,
  type Login,
} from '../../../src/app/auth/auth.schemas.js';
import { isPassword, wasteTheSameTime } from '../../../src/app/auth/passwords.js';
import { UsersRepository } from '../../../src/app/auth/users.repository.js';
import { ProblemException } from '../../../src/app/http/problems.js';
import { ZodPipe } from '../../../src/app/http/zod.pipe.js';
import { counted } from './bare-redis.js';
import {
  Admission,
  BareSessionGuard,
  BareSessions,
  expiryOf,
  type BareSession,
} from './sessions.js';

const WINDOW_S = 60;
const MAX_ATTEMPTS = 20;

/** Logs users in, and not too often. */
@Injectable()
export class BareAuth {
  constructor(
    private readonly users: UsersRepository,
    private readonly sessions: BareSessions,
    private readonly redis: Redis,
  ) {}

  /** Begins a session for a user with the right password. */
  async login({ email, password }: Login): Promise<LoggedIn> {
    const key = `login-attempts:${email}`;
    await this.#enter(key);
    const user = await this.users.findByEmail(email);
    const isRight =
      user === null
        ? await wasteTheSameTime(password)
        : await isPassword(password, user.password_hash);
    if (!isRight || user === null) throw refused(401, 'LOGIN_FAILED');
    const { id, name } = user;
    const { token, session } = await this.sessions.create({ id, email: user.email, name });
    await counted(this.redis.del(key));
    return { token, ...viewOf(session) };
  }

  async #enter(key: string): Promise<void> {
    const attempts = await counted(this.redis.incr(key));
    if (attempts === 1) await counted(this.redis.expire(key, WINDOW_S));
    if (attempts > MAX_ATTEMPTS) throw refused(429, 'TOO_MANY_ATTEMPTS');
  }
}

/** Logging in and out. */
@Controller('api/auth')
export class BareAuthController {
  constructor(
    private readonly auth: BareAuth,
    private readonly sessions: BareSessions,
  ) {}

  /** Begins a session. */
  @Post('login')
  @HttpCode(200)
  login(@Body(new ZodPipe(LoginSchema)) login: Login): Promise<LoggedIn> {
    return this.auth.login(login);
  }

  /** Returns the user of the request, from the session alone. */
  @Get('session')
  @UseGuards(BareSessionGuard)
  current(@Admission() { session }: { session: BareSession }): CurrentSessionView {
    return viewOf(session);
  }

  /** Ends the session of the request. */
  @Post('logout')
  @HttpCode(204)
  @UseGuards(BareSessionGuard)
  async logout(@Admission() { token }: { token: string }): Promise<void> {
    await this.sessions.destroy(token);
  }
}

function viewOf(session: BareSession): CurrentSessionView {
  const { id, user, createdAt, lastSeenAt } = session;
  const times = {
    createdAt: isoOf(createdAt),
    lastSeenAt: isoOf(lastSeenAt),
    expiresAt: isoOf(expiryOf(session)),
  };
  return { session: { id, userId: user.id, ...times }, user };
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}

function refused(statusCode: number, code: string): ProblemException {
  return new ProblemException({ statusCode, code, message: 'This login is refused' });
}
