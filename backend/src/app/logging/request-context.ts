import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sessionOf } from '../../redis/index.js';

/** What all lines of one request have in common. */
export interface RequestContext {
  readonly requestId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

// These log about what all requests share, whichever of them happened to open a connection.
const SHARED = /^(Redis|Database)(:|$)/;

const contexts = new AsyncLocalStorage<RequestContext>();

/** Runs the rest of a request with its context. */
export function inContext(context: RequestContext, work: () => void): void {
  contexts.run(context, work);
}

/**
 * The fields that name the request of a log line; none outside of requests. Timers and connections
 * that a request started keep its context for ever, so a context ends with the response.
 */
export function contextFields(line: object = {}): Record<string, string> {
  const context = contexts.getStore();
  if (context === undefined || context.response.closed) return {};
  const isShared = 'context' in line && SHARED.test(String(line.context));
  return isShared ? {} : fieldsOf(context);
}

/** The same for a finished request. The id of a session gives no access; its token is never here. */
export function fieldsOf({
  requestId,
  request,
}: Pick<RequestContext, 'requestId' | 'request'>): Record<string, string> {
  const found = sessionOf(request);
  if (found.state !== 'valid') return { requestId };
  const { id: sessionId, userId } = found.session;
  return { requestId, userId, sessionId };
}
