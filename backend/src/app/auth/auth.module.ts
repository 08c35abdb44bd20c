import { Module } from '@nestjs/common';
import { SessionModule, type SessionModuleOptions } from '../../redis/index.js';
import { SESSION_DATABASE, type Database } from '../database/database.js';
import { ArchiveSweeper } from './archive.sweeper.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { LoginThrottle } from './login-throttle.js';
import { TableArchive } from './table.archive.js';
import { UsersRepository } from './users.repository.js';

/** Users and sessions. */
@Module({
  imports: [
    SessionModule.forRootAsync({
      inject: [SESSION_DATABASE],
      useFactory: (database: Database | null): SessionModuleOptions =>
        database === null ? {} : { archive: new TableArchive(database) },
    }),
  ],
  controllers: [AuthController],
  providers: [AuthService, UsersRepository, LoginThrottle, ArchiveSweeper],
})
export class AuthModule {}
