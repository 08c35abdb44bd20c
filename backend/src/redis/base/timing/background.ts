import { AsyncResource } from 'node:async_hooks';

// Made while the module is loaded, when nobody has called anything.
const nobody = new AsyncResource('nestjs-redis-ha');

/**
 * Runs what serves no caller in particular: connections, timers, loops. Otherwise it would keep the async
 * context of the caller that happened to start it, with all that `AsyncLocalStorage` holds for that one,
 * for as long as the connection or the loop lives.
 */
export function inBackground<T>(run: () => T): T {
  return nobody.runInAsyncScope(run);
}
