import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sessionOf } from '../../redis/index.js';

/** What all lines of one request have in common. */
export interface RequestContext {
  readonly requestId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What the application has added by {@link addToLog}. */
  readonly added?: Record<string, string>;
}

/** What is known of a request beyond its id. */
export interface LoggedContext {
  readonly userId?: string;
  readonly organisationId?: string;
  readonly sessionId?: string;
}

// Logs about connections that all requests share, whichever of them happened to open one. What the library
// logs about those of Redis has no context by itself.
const SHARED = /^Database(:|$)/;

const contexts = new AsyncLocalStorage<RequestContext>();

/** Runs the rest of a request with its context. */
export function inContext(context: RequestContext, work: () => void): void {
  contexts.run(context, work);
}

/** Adds to every later line of the present request whose request it is. Does nothing outside of requests. */
export function addToLog(fields: LoggedContext): void {
  const context = contexts.getStore();
  if (context?.added !== undefined) Object.assign(context.added, fields);
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
  added,
}: Pick<RequestContext, 'requestId' | 'request' | 'added'>): Record<string, string> {
  const found = sessionOf(request);
  if (found.state !== 'valid') return { requestId, ...added };
  const { id: sessionId, userId } = found.session;
  return { requestId, userId, sessionId, ...added };
}
