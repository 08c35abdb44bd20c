import {
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RedisHaError, SessionInvalidError } from '../base/errors/index.js';
import { choice, option, OptionSet, type RowsOf } from '../base/options/index.js';
import { SessionService } from './service/session-service.js';
import {
  attachSession,
  NO_SESSION,
  type RequestSession,
  toHttp,
} from './current-session.decorator.js';
import { TokenSource, type RequestHeaders } from './token-source.js';

/** The injection token of the token source: it finds the token in a request. */
export const SESSION_TOKEN_SOURCE = Symbol.for('nestjs-redis-ha.session-token-source');

/** Whom `@AllowAnonymous()` lets pass. */
export interface AnonymousOptions {
  /**
   * What is done with a token of which nobody can tell right now whether it has a session. `pass`: the handler
   * runs; if it asks for the session, the answer is 503. `refuse`: the answer is 503 at once.
   * @defaultValue 'pass'
   */
  readonly whenUnknown?: 'pass' | 'refuse';
}

const ANONYMOUS = 'nestjs-redis-ha.allow-anonymous';
const RULES = new OptionSet(
  { whenUnknown: option(choice('pass', 'refuse'), 'pass') } satisfies RowsOf<AnonymousOptions>,
  { path: '', example: "{ whenUnknown: 'refuse' }" },
);

/**
 * Lets requests without a session pass. What is known of a session is still put on the request.
 * @throws InvalidArgumentError (`INVALID_ARGUMENT`) for options that cannot be used.
 */
export function AllowAnonymous(options: AnonymousOptions = {}): ClassDecorator & MethodDecorator {
  RULES.check(options);
  return SetMetadata(ANONYMOUS, options.whenUnknown ?? 'pass');
}

/** What the guard needs of a request, of Express and Fastify alike. */
interface HttpRequest {
  readonly headers: RequestHeaders;
}

/**
 * Lets requests with a valid session pass, and puts the session on them. 401 without one; 503 when
 * nobody can tell right now, so that clients try again and do not log their user out.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionService,
    @Inject(SESSION_TOKEN_SOURCE) private readonly source: TokenSource,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const whenUnknown = this.reflector.getAllAndOverride<
      AnonymousOptions['whenUnknown'] | undefined
    >(ANONYMOUS, targets);
    const request = this.requestOf(context);
    const token = this.source.tokenOf(request.headers);
    // Anonymous requests may be the most of all, and an error costs more than a lookup.
    if (token === null && whenUnknown !== undefined) {
      attachSession(request, NO_SESSION);
      return true;
    }
    try {
      attachSession(request, await this.#find(token));
    } catch (error) {
      if (!RedisHaError.is(error)) throw error;
      const found = foundInstead(token, error);
      const isWelcome = found.state === 'none' || whenUnknown === 'pass';
      if (whenUnknown === undefined || !isWelcome) throw toHttp(error, context);
      attachSession(request, found);
    }
    return true;
  }

  /** Returns the request with the headers. Override it for contexts other than HTTP, such as GraphQL. */
  protected requestOf(context: ExecutionContext): HttpRequest {
    return context.switchToHttp().getRequest<HttpRequest>();
  }

  async #find(token: string | null): Promise<RequestSession> {
    if (token === null) {
      throw new SessionInvalidError('The request carries no token', { reason: 'absent' });
    }
    return { state: 'valid', token, session: await this.sessions.read(token) };
  }
}

function foundInstead(token: string | null, error: RedisHaError): RequestSession {
  const isUnknown = token !== null && !(error instanceof SessionInvalidError);
  return isUnknown ? { state: 'unknown', token, error } : NO_SESSION;
}
