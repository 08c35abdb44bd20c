import { sessionChannel, SessionOperation, watchedMethods } from '../../base/operations/index.js';

/** Shows the calls of a method of `SessionService` to those who watch. */
export const watchedSessionCall = watchedMethods<object, SessionOperation>({
  channel: sessionChannel,
  operation: (_service, method) => new SessionOperation(method),
  outcomeOf: (result) => (result === null || result === false ? 'none' : 'ok'),
});
