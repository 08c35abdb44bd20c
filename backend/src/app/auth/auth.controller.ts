import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import {
  CurrentSession,
  SessionGuard,
  SessionService,
  SessionToken,
  type Session,
} from '../../redis/index.js';
import { NotThereException } from '../http/problems.js';
import { ZodPipe } from '../http/zod.pipe.js';
import {
  LoginSchema,
  SessionIdSchema,
  type CurrentSessionView,
  type LoggedIn,
  type Login,
  type SessionListView,
} from './auth.schemas.js';
import { AuthService } from './auth.service.js';

/** Logging in and out, and the sessions of a user. */
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionService,
  ) {}

  /** Begins a session. */
  @Post('login')
  @HttpCode(200)
  login(@Body(new ZodPipe(LoginSchema)) login: Login): Promise<LoggedIn> {
    return this.auth.login(login);
  }

  /** Returns the user of the request, from the session alone. */
  @Get('session')
  @UseGuards(SessionGuard)
  current(@CurrentSession() session: Session): CurrentSessionView {
    return this.auth.current(session);
  }

  /** Ends the session of the request. */
  @Post('logout')
  @HttpCode(204)
  @UseGuards(SessionGuard)
  async logout(@SessionToken() token: string): Promise<void> {
    await this.sessions.destroy(token);
  }

  /** All sessions of the user. */
  @Get('sessions')
  @UseGuards(SessionGuard)
  list(@CurrentSession() { userId }: Session): Promise<SessionListView> {
    return this.auth.list(userId);
  }

  /** Ends one session of the user. */
  @Delete('sessions/:id')
  @HttpCode(204)
  @UseGuards(SessionGuard)
  async end(
    @CurrentSession() { userId }: Session,
    @Param(new ZodPipe(SessionIdSchema)) { id }: { id: string },
  ): Promise<void> {
    if (!(await this.sessions.destroyById(userId, id))) throw new NotThereException('session');
  }

  /** Ends all other sessions of the user. */
  @Delete('sessions')
  @HttpCode(204)
  @UseGuards(SessionGuard)
  async endOthers(
    @CurrentSession() { userId }: Session,
    @SessionToken() token: string,
  ): Promise<void> {
    await this.sessions.destroyAllOf(userId, { except: token });
  }
}
