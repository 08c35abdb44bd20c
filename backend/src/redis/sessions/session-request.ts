import type { Session } from './record/index.js';

/** What a guard has found for a request. */
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
