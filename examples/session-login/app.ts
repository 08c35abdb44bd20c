import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  AllowAnonymous,
  CurrentSession,
  RedisModule,
  SessionGuard,
  SessionModule,
  SessionService,
  SessionToken,
  type Session,
} from 'nestjs-redis-ha';

@Controller()
class AccountController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login')
  @AllowAnonymous()
  async login(@Body() { name }: { name: string }): Promise<{ token: string }> {
    // Your check of the password goes here.
    const { token } = await this.sessions.create({ userId: name, data: { name } });
    return { token };
  }

  // No database is asked: what is needed of the user is in the session.
  @Get('me')
  me(@CurrentSession() { data }: Session): object {
    return data;
  }

  @Post('logout')
  async logout(@SessionToken() token: string): Promise<void> {
    await this.sessions.destroy(token);
  }
}

@Module({
  imports: [RedisModule.forRoot(), SessionModule.forRoot()],
  controllers: [AccountController],
  // All routes want a session, but for those that say otherwise.
  providers: [{ provide: APP_GUARD, useExisting: SessionGuard }],
})
export class AppModule {}
