import { callBack, type Callback, type SessionCallback } from './callbacks.js';
import { StoreRecords, type SessionHome, type SessionStoreOptions } from './store-records.js';

/** The store that `@fastify/session` expects in its option `store`. */
export interface FastifySessionStore {
  /** Calls back with the session or `null`; with an error when nobody can tell. */
  get(sid: string, callback: SessionCallback): void;
  set(sid: string, session: object, callback: Callback): void;
  destroy(sid: string, callback: Callback): void;
}

/**
 * A store for `@fastify/session`. When Redis is away and memory does not know a session, `get` fails
 * with status 503 instead of finding none, so that nobody is logged out.
 *
 * @param home - a keyspace with the policy `session`, or a `SessionService`
 * @throws ConfigInvalidError for options that cannot be used.
 */
export function fastifySessionStore(
  home: SessionHome,
  options: SessionStoreOptions = {},
): FastifySessionStore {
  const records = new StoreRecords(home, options);
  const onThrow = (error: unknown): void => {
    records.reportFailedCallback(error);
  };
  return {
    get(sid, callback: SessionCallback) {
      callBack(records.get(sid), callback, onThrow);
    },
    set(sid, session, callback) {
      callBack(records.set(sid, session), callback, onThrow);
    },
    destroy(sid, callback) {
      callBack(records.destroy(sid), callback, onThrow);
    },
  };
}
