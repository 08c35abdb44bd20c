import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { sessionOf, type RequestSession } from './session-request.js';
import type { Session } from './record/index.js';

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
