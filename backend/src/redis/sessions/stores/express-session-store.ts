import { InvalidArgumentError } from '../../base/errors/index.js';
import { callBack, type Callback, type SessionCallback } from './callbacks.js';
import { StoreRecords, type SessionHome, type SessionStoreOptions } from './store-records.js';

/** The methods of a store that express-session calls. */
export interface ExpressStoreMethods {
  /** Calls back with the session or `null`; with an error when nobody can tell. */
  get(sid: string, callback: SessionCallback): void;
  set(sid: string, session: object, callback?: Callback): void;
  destroy(sid: string, callback?: Callback): void;
  touch(sid: string, session: object, callback?: Callback): void;
}

type StoreClass<S extends object> = abstract new () => S;

/**
 * A store for express-session. `Store` is the class that comes with it: `session.Store`. When Redis is
 * away and memory does not know a session, `get` fails with status 503 instead of finding none:
 * express-session would begin a new one and log the user out.
 *
 * @param home - a keyspace with the policy `session`, or a `SessionService`
 * @throws InvalidArgumentError when `Store` is not that class.
 * @throws ConfigInvalidError for options that cannot be used.
 */
export function expressSessionStore<S extends object>(
  Store: StoreClass<S>,
  home: SessionHome,
  options: SessionStoreOptions = {},
): S & ExpressStoreMethods {
  checkStore(Store);
  const records = new StoreRecords(home, options);
  const onThrow = (error: unknown): void => {
    records.reportFailedCallback(error);
  };

  // The base class is only known here: this package does not depend on express-session.
  class RedisSessionStore extends (Store as unknown as new () => object) {
    get(sid: string, callback: SessionCallback): void {
      callBack(records.get(sid), callback, onThrow);
    }

    set(sid: string, session: object, callback?: Callback): void {
      callBack(records.set(sid, session), callback, onThrow);
    }

    destroy(sid: string, callback?: Callback): void {
      callBack(records.destroy(sid), callback, onThrow);
    }

    touch(sid: string, session: object, callback?: Callback): void {
      callBack(records.touch(sid, session), callback, onThrow);
    }
  }
  return new RedisSessionStore() as S & ExpressStoreMethods;
}

function checkStore(Store: unknown): void {
  const prototype: unknown = typeof Store === 'function' ? Store.prototype : null;
  const isStore =
    typeof prototype === 'object' && prototype !== null && 'createSession' in prototype;
  if (isStore) return;
  throw new InvalidArgumentError({
    field: 'Store',
    value: Store,
    message: 'is not the class of stores of express-session',
    remedy: "Give session.Store, with session from 'express-session'",
  });
}
