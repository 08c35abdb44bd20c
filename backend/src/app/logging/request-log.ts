import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { routeOf } from '../http/route-of.js';
import { fieldsOf, inContext } from './request-context.js';

const SANE = /^[\w.:-]{1,64}$/;
// Probes and scrapers come every few seconds; their lines would all be the same.
const ROUTINE = /^\/(health|metrics|api\/health)(\/|$)/;

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/** Gives each request an id that all its lines carry, and logs one line when the request is over. */
export function requestLog(logger: Logger): Middleware {
  // Its lines hold what is named below and no secret. Searching each of them for secrets would be more
  // than a third of what a request allocates.
  const lines = logger.child({}, { redact: [] });
  return (request, response, next) => {
    const requestId = idOf(request.headers['x-request-id']);
    const startedAt = performance.now();
    const context = { requestId, request, response };
    response.setHeader('x-request-id', requestId);
    response.once('close', () => {
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      const route = routeOf(request);
      const isDone = response.writableFinished;
      const line = {
        ...fieldsOf(context),
        method: request.method,
        route,
        status: response.statusCode,
        ms,
      };
      lines[levelOf(route, response.statusCode)](line, isDone ? 'request' : 'request aborted');
    });
    inContext(context, next);
  };
}

function idOf(given: string | readonly string[] | undefined): string {
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID();
}

function levelOf(route: string, status: number): 'debug' | 'info' | 'warn' {
  if (ROUTINE.test(route)) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}
