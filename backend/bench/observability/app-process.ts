import 'reflect-metadata';
import { Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Registry } from 'prom-client';
import { AppModule } from '../../src/app/app.module.js';
import { readAppConfig } from '../../src/app/app-config.js';
import { Drain } from '../../src/app/http/drain.js';
import { httpMetrics } from '../../src/app/http/http-metrics.js';
import { readBodies } from '../../src/app/http/read-body.js';
import { securityHeaders } from '../../src/app/http/security-headers.js';
import { watchRequests } from '../../src/app/http/watch-requests.js';
import { JsonLogger, newLogger } from '../../src/app/logging/json-logger.js';
import { openOutput } from '../../src/app/logging/output.js';
import { requestLog } from '../../src/app/logging/request-log.js';
import { requestSpan } from '../../src/app/tracing/request-span.js';
import { startTracing } from '../../src/app/tracing/start-tracing.js';
import { RedisService } from '../../src/redis/index.js';
import { RedisMetricsModule } from '../../src/redis/metrics/index.js';
import { serve } from '../common/serve.js';
import type { Watching } from './sides.js';

/** In the place of the metrics where they are off. */
@Module({})
class NoMetrics {}

type Work = () => void;

const around = new AsyncLocalStorage();
let app: NestExpressApplication;

// The sample backend, put together as `createApp` does it, but for what is off.
serve({
  /** Starts it, and returns its address. `log` is the file of its lines. */
  async open(
    watching: Watching,
    environment: Readonly<Record<string, string>>,
    log: string,
  ): Promise<string> {
    Object.assign(process.env, environment);
    const given = readAppConfig({ ...process.env, LOG_LEVEL: watching.logs ? 'info' : 'error' });
    const config = { ...given, isTraced: watching.traces === 'all' };
    if (watching.traces !== undefined) await startTracing();
    const logger = newLogger(config.logLevel, openOutput(log));
    const made = Test.createTestingModule({ imports: [AppModule.forRoot(config)] });
    if (!watching.metrics) made.overrideModule(RedisMetricsModule).useModule(NoMetrics);
    made.setLogger(new JsonLogger(logger));
    const module = await made.compile();
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares a class and takes plain objects
    app = module.createNestApplication<NestExpressApplication>({ bodyParser: false });
    app.disable('x-powered-by');
    app.set('etag', false);
    if (watching.context)
      app.use((request: object, _: object, next: Work) => around.run(request, next));
    const watchers = [
      ...(watching.traces === undefined ? [] : [requestSpan()]),
      ...(watching.logs ? [requestLog(logger)] : []),
      ...(watching.metrics ? [httpMetrics(app.get(Registry))] : []),
      app.get(Drain).watch,
    ];
    app.use(watchRequests(watchers));
    app.use(securityHeaders);
    readBodies(app);
    await app.listen(0, '127.0.0.1');
    await app.get(RedisService).whenReady();
    return app.getUrl();
  },

  /** The processor time of this process so far, in microseconds. */
  spent(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  close: () => app.close(),
});
