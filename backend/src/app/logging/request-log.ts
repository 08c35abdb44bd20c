import type { Request } from 'express';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { isRoutine } from '../http/route-of.js';
import type { RequestWatcher } from '../http/watch-requests.js';
import { fieldsOf, inContext } from './request-context.js';

const SANE = /^[\w.:-]{1,64}$/;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const NO_TRACE = /^0+$/;

/** Gives each request an id that all its lines carry, and logs one line when the request is over. */
export function requestLog(logger: Logger): RequestWatcher {
  // Its lines hold what is named below and no secret. Searching each of them for secrets would be more
  // than a third of what a request allocates.
  const lines = logger.child({}, { redact: [], level: 'trace' });
  return (request, response) => {
    const requestId = idOf(request);
    const context = { requestId, request, response, added: {} };
    response.setHeader('x-request-id', requestId);
    return {
      within(rest) {
        inContext(context, rest);
      },
      over({ route, status, ms, isWhole }) {
        const level = levelOf(route, status);
        // The level of the child is that of the moment when it was made.
        if (!logger.isLevelEnabled(level)) return;
        const fields = fieldsOf(context);
        const line = {
          ...fields,
          method: request.method,
          route,
          status,
          ms: Math.round(ms * 10) / 10,
        };
        lines[level](line, isWhole ? 'request' : 'request aborted');
      },
    };
  };
}

// The trace that the request is a part of; else what the client calls it; else an id is made.
function idOf({ headers }: Request): string {
  const [, trace] = TRACE_PARENT.exec(textOf(headers['traceparent'])) ?? [];
  if (trace !== undefined && !NO_TRACE.test(trace)) return trace;
  const given = textOf(headers['x-request-id']);
  return SANE.test(given) ? given : randomUUID();
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}

function levelOf(route: string, status: number): 'debug' | 'info' | 'warn' {
  if (isRoutine(route)) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}
