import {
  Inject,
  Injectable,
  ServiceUnavailableException,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RedisHaError, SessionInvalidError } from '../base/errors/index.js';
import { SessionService } from './service/session-service.js';
import { attachSession } from './current-session.decorator.js';
import { TokenSource, type RequestHeaders } from './token-source.js';

/** The injection token of the token source: it finds the token in a request. */
export const SESSION_TOKEN_SOURCE = Symbol.for('nestjs-redis-ha.session-token-source');

const ANONYMOUS = 'nestjs-redis-ha.allow-anonymous';
const RETRY_AFTER_S = 1;

/** Lets requests without a session pass. A valid session is still put on the request. */
export function AllowAnonymous(): ClassDecorator & MethodDecorator {
  return SetMetadata(ANONYMOUS, true);
}

/** What the guard needs of a request, of Express and Fastify alike. */
interface HttpRequest {
  readonly headers: RequestHeaders;
}

/** What it needs of a response. */
interface HttpResponse {
  header?(name: string, value: string): unknown;
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
    const isOptional = this.reflector.getAllAndOverride<boolean | undefined>(ANONYMOUS, targets);
    const request = this.requestOf(context);
    try {
      await this.#admit(request);
    } catch (error) {
      if (!RedisHaError.is(error)) throw error;
      if (isOptional !== true) throw toHttp(error, context);
    }
    return true;
  }

  /** Returns the request with the headers. Override it for contexts other than HTTP, such as GraphQL. */
  protected requestOf(context: ExecutionContext): HttpRequest {
    return context.switchToHttp().getRequest<HttpRequest>();
  }

  async #admit(request: HttpRequest): Promise<void> {
    const token = this.source.tokenOf(request.headers);
    if (token === null) {
      throw new SessionInvalidError('The request carries no token', { reason: 'absent' });
    }
    attachSession(request, { token, session: await this.sessions.read(token) });
  }
}

function toHttp(error: RedisHaError, context: ExecutionContext): Error {
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
