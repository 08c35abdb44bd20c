import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { AppConfig } from './app-config.js';
import { Drain } from './http/drain.js';
import { httpMetrics } from './http/http-metrics.js';
import { readBodies } from './http/read-body.js';
import { RequestLimit } from './http/request-limit.js';
import { securityHeaders } from './http/security-headers.js';
import { watchRequests } from './http/watch-requests.js';
import { JsonLogger } from './logging/json-logger.js';
import { requestLog } from './logging/request-log.js';
import { requestSpan } from './tracing/request-span.js';

const KEEP_ALIVE_MS = 75_000;
const REQUEST_TIMEOUT_MS = 30_000;

type Served = Pick<AppConfig, 'isTraced' | 'requestsPerMinute' | 'trustedProxies'>;

const NOTHING_SPECIAL: Served = { isTraced: false, requestsPerMinute: 0, trustedProxies: 0 };

/** Creates the application of a module, ready to listen. Rejects when a part cannot start, and leaves nothing open. */
export async function createApp(
  module: DynamicModule,
  logger: Logger,
  { isTraced, requestsPerMinute, trustedProxies }: Served = NOTHING_SPECIAL,
): Promise<NestExpressApplication> {
  const options = { logger: new JsonLogger(logger), abortOnError: false, bodyParser: false };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares a class and takes plain objects
  const app = await NestFactory.create<NestExpressApplication>(module, options);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', trustedProxies);
  const watchers = [requestLog(logger), httpMetrics(app.get(Registry)), app.get(Drain).watch];
  app.use(watchRequests(isTraced ? [requestSpan(), ...watchers] : watchers));
  app.use(securityHeaders);
  if (requestsPerMinute > 0) app.use(app.get(RequestLimit).middleware);
  readBodies(app);
  const server = app.getHttpServer();
  // Longer than proxies keep an idle connection: this side must not close one that a proxy is about to use.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return app;
}
