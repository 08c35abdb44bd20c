import {
  createParamDecorator,
  type ExecutionContext,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { type RedisHaError, SessionInvalidError } from '../base/errors/index.js';
import type { Session } from './record/session.js';

/** What a guard has found out about the session of a request. */
export type RequestSession<T = Record<string, unknown>> =
  | { readonly state: 'valid'; readonly token: string; readonly session: Session<T> }
  /** There is none, or no guard has looked. */
  | { readonly state: 'none' }
  /** Nobody can tell right now, and why. The token may be that of a valid session. */
  | { readonly state: 'unknown'; readonly token: string; readonly error: RedisHaError };

/**
 * Injects the session of the request: `@CurrentSession() session: Session`; `null` without one. While
 * nobody can tell, the request is answered with 503: its user is not taken for nobody.
 */
export const CurrentSession = createParamDecorator(
  (_: unknown, context: ExecutionContext): Session | null => validOrNull(context)?.session ?? null,
);

/** Injects the token of the request, for `rotate` and `destroy`, like {@link CurrentSession}. */
export const SessionToken = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | null => validOrNull(context)?.token ?? null,
);

/** Injects what is known of the session of the request: `@SessionState() found: RequestSession`. */
export const SessionState = createParamDecorator(
  (_: unknown, context: ExecutionContext): RequestSession => foundIn(context),
);

/** Nobody is known. */
export const NO_SESSION: RequestSession<never> = Object.freeze({ state: 'none' });
const PLACE = Symbol.for('nestjs-redis-ha.session');
const RETRY_AFTER_S = 1;

/** Puts what is known on the request, where logging a request does not show it. */
export function attachSession(request: object, found: RequestSession): void {
  Object.defineProperty(request, PLACE, { value: found, configurable: true, enumerable: false });
}

/** What the guard has found out about the session of a request. */
export function sessionOf<T = Record<string, unknown>>(request: object): RequestSession<T> {
  return (request as Readonly<Record<symbol, RequestSession<T> | undefined>>)[PLACE] ?? NO_SESSION;
}

/** What it needs of a response. */
interface HttpResponse {
  header?(name: string, value: string): unknown;
}

/** The answer to a request without a valid session: 401, or 503 when nobody can tell. */
export function toHttp(error: RedisHaError, context: ExecutionContext): Error {
  const response =
    context.getType() === 'http' ? context.switchToHttp().getResponse<HttpResponse>() : {};
  if (error instanceof SessionInvalidError) {
    response.header?.('WWW-Authenticate', 'Bearer');
    // The reason is for the log: for a client it would only be a hint what to guess next.
    const body = { statusCode: 401, code: error.code, message: 'Log in' };
    return new UnauthorizedException(body, { cause: error });
  }
  response.header?.('Retry-After', String(RETRY_AFTER_S));
  const message = 'Sessions cannot be looked up right now. Try again';
  const body = { statusCode: 503, code: error.code, message };
  return new ServiceUnavailableException(body, { cause: error });
}

function foundIn(context: ExecutionContext): RequestSession {
  return sessionOf(context.switchToHttp().getRequest<object>());
}

function validOrNull(context: ExecutionContext): (RequestSession & { state: 'valid' }) | null {
  const found = foundIn(context);
  if (found.state === 'unknown') throw toHttp(found.error, context);
  return found.state === 'valid' ? found : null;
}
