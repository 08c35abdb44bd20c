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

type WhenUnknown = AnonymousOptions['whenUnknown'] | undefined;

/** Whether a handler of a class lets requests without a session pass. */
interface Anonymity {
  readonly whenUnknown: WhenUnknown;
}

const NO_TOKEN = 'The request carries no token';

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
  readonly #whenUnknown = new WeakMap<object, WeakMap<object, Anonymity>>();

  constructor(
    private readonly sessions: SessionService,
    @Inject(SESSION_TOKEN_SOURCE) private readonly source: TokenSource,
    private readonly reflector: Reflector,
  ) {}

  // Nothing is awaited: each request of an application comes this way, and waits for each promise.
  canActivate(context: ExecutionContext): Promise<boolean> {
    const whenUnknown = this.#whenUnknownOf(context);
    const request = this.requestOf(context);
    const token = this.source.tokenOf(request.headers);
    const admit = (found: RequestSession): boolean => {
      attachSession(request, found);
      return true;
    };
    if (token === null) {
      // Anonymous requests may be the most of all, and an error costs more than a lookup.
      if (whenUnknown !== undefined) return Promise.resolve(admit(NO_SESSION));
      const error = new SessionInvalidError(NO_TOKEN, { reason: 'absent' });
      return Promise.reject(toHttp(error, context));
    }
    return this.sessions.read(token).then(
      (session) => admit({ state: 'valid', token, session }),
      (error: unknown) => {
        if (!RedisHaError.is(error)) throw error;
        const found = foundInstead(token, error);
        const isWelcome = found.state === 'none' || whenUnknown === 'pass';
        if (whenUnknown === undefined || !isWelcome) throw toHttp(error, context);
        return admit(found);
      },
    );
  }

  /** Returns the request with the headers. Override it for contexts other than HTTP, such as GraphQL. */
  protected requestOf(context: ExecutionContext): HttpRequest {
    return context.switchToHttp().getRequest<HttpRequest>();
  }

  // What a decorator has said of a handler stays: looking it up costs more than the rest of the guard.
  #whenUnknownOf(context: ExecutionContext): WhenUnknown {
    const handler = context.getHandler();
    const target = context.getClass();
    const known = this.#whenUnknown.get(handler)?.get(target);
    if (known !== undefined) return known.whenUnknown;
    const whenUnknown = this.reflector.getAllAndOverride<WhenUnknown>(ANONYMOUS, [handler, target]);
    const ofHandler = this.#whenUnknown.get(handler) ?? new WeakMap<object, Anonymity>();
    this.#whenUnknown.set(handler, ofHandler.set(target, { whenUnknown }));
    return whenUnknown;
  }
}

function foundInstead(token: string, error: RedisHaError): RequestSession {
  const isUnknown = !(error instanceof SessionInvalidError);
  return isUnknown ? { state: 'unknown', token, error } : NO_SESSION;
}
