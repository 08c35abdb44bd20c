export { toForeignJson, toJson } from './session-data.js';
export {
  type SessionRecord,
  decodeRecord,
  draftOf,
  expiryOf,
  isRecord,
  restamped,
} from './session-record.js';
export { stampOfChange, stampOfSlide } from './session-stamps.js';
export { groupOfUser, idOf, isSessionId, isToken, newToken } from './session-token.js';
export {
  type IssuedSession,
  type NewSession,
  type Session,
  type SessionList,
  toSession,
} from './session.js';
