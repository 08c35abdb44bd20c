import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session } from './record/session.js';

/** Injects the session of the request: `@CurrentSession() session: Session`; `null` without one. */
export const CurrentSession = createParamDecorator(
  (_: unknown, context: ExecutionContext): Session | null => foundIn(context)?.session ?? null,
);

/** Injects the token of the request, for `rotate` and `destroy`; `null` without a session. */
export const SessionToken = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | null => foundIn(context)?.token ?? null,
);

function foundIn(context: ExecutionContext): RequestSession | null {
  return sessionOf(context.switchToHttp().getRequest<object>());
}

/** What a guard has found out about a request. */
export interface RequestSession<T = Record<string, unknown>> {
  readonly token: string;
  readonly session: Session<T>;
}

const PLACE = Symbol.for('nestjs-redis-ha.session');

/** Puts the session on the request, where logging a request does not show it. */
export function attachSession(request: object, found: RequestSession): void {
  Object.defineProperty(request, PLACE, { value: found, configurable: true, enumerable: false });
}

/** The session that the guard has put on a request; `null` when there is none. */
export function sessionOf<T = Record<string, unknown>>(request: object): RequestSession<T> | null {
  const found = (request as Readonly<Record<symbol, RequestSession<T> | undefined>>)[PLACE];
  return found ?? null;
}
