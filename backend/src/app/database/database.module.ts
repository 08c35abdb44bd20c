import {
  Global,
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { AppConfig } from '../app-config.js';
import { DATABASE, SESSION_DATABASE, type Database } from './database.js';
import { DatabaseProbe } from './database.probe.js';
import { openDatabase, openSessionDatabase } from './open-database.js';

/** The database, prepared before the application listens and closed after its last request. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DATABASE) private readonly database: Database,
    @Inject(SESSION_DATABASE) private readonly ofSessions: Database | null,
  ) {}

  /** Opens the database that the configuration names. */
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DATABASE, useFactory: () => openDatabase(config) },
        { provide: SESSION_DATABASE, useFactory: () => openSessionDatabase(config) },
        DatabaseProbe,
      ],
      exports: [DATABASE, SESSION_DATABASE, DatabaseProbe],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.database.close(), this.ofSessions?.close()]);
  }
}
