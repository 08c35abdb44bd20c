import type { NestExpressApplication } from '@nestjs/platform-express';
import { readAppConfig } from '../../../src/app/app-config.js';
import { AppModule } from '../../../src/app/app.module.js';
import { createApp } from '../../../src/app/create-app.js';
import { newLogger } from '../../../src/app/logging/json-logger.js';
import { RedisService } from '../../../src/redis/index.js';
import { HttpClient } from './http-client.js';

type Environment = Readonly<Record<string, string | undefined>>;
type LogLine = Readonly<Record<string, unknown>>;

/** The sample backend in this process, listening on a port of its own. */
export class RunningApp {
  readonly http: HttpClient;
  readonly redis: RedisService;

  constructor(
    readonly nest: NestExpressApplication,
    url: string,
    private readonly output: readonly string[],
  ) {
    this.http = new HttpClient(url);
    this.redis = nest.get(RedisService);
  }

  /** All that was logged, as text. */
  get log(): string {
    return this.output.join('');
  }

  /** The lines of the log. */
  get lines(): LogLine[] {
    return this.output.map((line) => JSON.parse(line) as LogLine);
  }

  close(): Promise<void> {
    return this.nest.close();
  }
}

/** Starts the application as this environment says; variables of Redis that it does not name are unset. */
export async function startApp(environment: Environment): Promise<RunningApp> {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('REDIS_')) Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, environment);
  const config = readAppConfig({ LOG_LEVEL: 'trace', ...environment });
  const output: string[] = [];
  const logger = newLogger(config.logLevel, { write: (line) => void output.push(line) });
  const app = await createApp(AppModule.forRoot(config), logger, config);
  await app.listen(0, '127.0.0.1');
  return new RunningApp(app, await app.getUrl(), output);
}
