import {
  createParamDecorator,
  type ExecutionContext,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import {
  InvalidArgumentError,
  type RedisHaError,
  SessionInvalidError,
} from '../base/errors/index.js';
import type { Session } from './record/session.js';

/** What a guard has found out about the session of a request. */
export type RequestSession<T = Record<string, unknown>> =
  | { readonly state: 'valid'; readonly token: string; readonly session: Session<T> }
  /** There is none. `sessionOf` says so also where no guard has looked. */
  | { readonly state: 'none' }
  /** Nobody can tell right now, and why. The token may be that of a valid session. */
  | { readonly state: 'unknown'; readonly token: string; readonly error: RedisHaError };

/**
 * Injects the session of the request: `@CurrentSession() session: Session`; `null` without one. While
 * nobody can tell, the request is answered with 503: its user is not taken for nobody. Without a `SessionGuard`
 * on the route it is refused with `INVALID_ARGUMENT`: everybody would pass, and be taken for nobody.
 */
export const CurrentSession = createParamDecorator(
  (_: unknown, context: ExecutionContext): Session | null =>
    validOrNull('@CurrentSession()', context)?.session ?? null,
);

/** Injects the token of the request, for `rotate` and `destroy`, like {@link CurrentSession}. */
export const SessionToken = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | null =>
    validOrNull('@SessionToken()', context)?.token ?? null,
);

/** Injects what is known of the session of the request: `@SessionState() found: RequestSession`. */
export const SessionState = createParamDecorator(
  (_: unknown, context: ExecutionContext): RequestSession => foundIn('@SessionState()', context),
);

/** Nobody is known. */
export const NO_SESSION: RequestSession<never> = Object.freeze({ state: 'none' });
const PLACE = Symbol.for('nestjs-redis-ha.session');
const RETRY_AFTER_S = 1;

/** Puts what is known on the request, where logging a request does not show it. */
export function attachSession(request: object, found: RequestSession): void {
  Object.defineProperty(request, PLACE, { value: found, configurable: true, enumerable: false });
}

/** What the guard has found out about the session of a request; `none` where no guard has looked. */
export function sessionOf<T = Record<string, unknown>>(request: object): RequestSession<T> {
  return attachedTo<T>(request) ?? NO_SESSION;
}

function attachedTo<T>(request: object): RequestSession<T> | undefined {
  return (request as Readonly<Record<symbol, RequestSession<T> | undefined>>)[PLACE];
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

function foundIn(decorator: string, context: ExecutionContext): RequestSession {
  const found = attachedTo<Record<string, unknown>>(context.switchToHttp().getRequest<object>());
  if (found !== undefined) return found;
  throw new InvalidArgumentError({
    field: `${decorator} of ${context.getClass().name}.${context.getHandler().name}`,
    value: undefined,
    message: 'no SessionGuard has looked at this request, so everybody may call this handler',
    remedy:
      'Put @UseGuards(SessionGuard) on it, or { provide: APP_GUARD, useExisting: SessionGuard } among the ' +
      'providers; with @AllowAnonymous() requests without a session pass',
  });
}

function validOrNull(
  decorator: string,
  context: ExecutionContext,
): (RequestSession & { state: 'valid' }) | null {
  const found = foundIn(decorator, context);
  if (found.state === 'unknown') throw toHttp(found.error, context);
  return found.state === 'valid' ? found : null;
}
