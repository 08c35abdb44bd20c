import {
  createParamDecorator,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Redis } from 'ioredis';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { UserView } from '../../../src/app/auth/auth.schemas.js';
import { counted } from './bare-redis.js';

const SESSION_S = 1800;
const SESSION_MS = SESSION_S * 1000;
// A session is written again only now and then, so that most requests are one read.
const EXTEND_AFTER_MS = 60_000;
const BEARER = 'Bearer ';

/** A session as it is kept in Redis. */
export interface BareSession {
  readonly id: string;
  readonly user: UserView;
  readonly createdAt: number;
  readonly lastSeenAt: number;
}

/** What the guard puts on a request. */
interface Admitted extends Request {
  bare?: { readonly token: string; readonly session: BareSession };
}

/** Sessions in Redis by hand: JSON under a random token, extended while it is used. */
@Injectable()
export class BareSessions {
  constructor(private readonly redis: Redis) {}

  /** Begins a session. */
  async create(user: UserView): Promise<{ token: string; session: BareSession }> {
    const token = randomBytes(32).toString('base64url');
    const now = Date.now();
    const session = { id: randomUUID(), user, createdAt: now, lastSeenAt: now };
    await this.#put(token, session);
    return { token, session };
  }

  /** Returns the session of a token; `null` when there is none. */
  async find(token: string): Promise<BareSession | null> {
    const kept = await counted(this.redis.get(keyOf(token)));
    if (kept === null) return null;
    const session = JSON.parse(kept) as BareSession;
    const now = Date.now();
    if (now - session.lastSeenAt < EXTEND_AFTER_MS) return session;
    const extended = { ...session, lastSeenAt: now };
    this.#put(token, extended).catch(() => undefined);
    return extended;
  }

  /** Ends a session. */
  async destroy(token: string): Promise<void> {
    await counted(this.redis.del(keyOf(token)));
  }

  async #put(token: string, session: BareSession): Promise<void> {
    await counted(this.redis.set(keyOf(token), JSON.stringify(session), 'EX', SESSION_S));
  }
}

/** Lets requests with a session pass. */
@Injectable()
export class BareSessionGuard implements CanActivate {
  constructor(private readonly sessions: BareSessions) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Admitted>();
    const { authorization = '' } = request.headers;
    if (!authorization.startsWith(BEARER)) throw new UnauthorizedException();
    const token = authorization.slice(BEARER.length);
    const session = await this.sessions.find(token);
    if (session === null) throw new UnauthorizedException();
    request.bare = { token, session };
    return true;
  }
}

/** What the guard found. */
export const Admission = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<Admitted>().bare,
);

/** When a session ends unless it is used. */
export function expiryOf({ lastSeenAt }: BareSession): number {
  return lastSeenAt + SESSION_MS;
}

function keyOf(token: string): string {
  return `session:${token}`;
}
