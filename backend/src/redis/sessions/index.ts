export { AllowAnonymous, SESSION_TOKEN_SOURCE, SessionGuard } from './redis.session-guard.js';
export { CurrentSession, SessionToken } from './redis.current-session.js';
export {
  SessionModule,
  type SessionAsyncOptions,
  type SessionModuleOptions,
  type SessionRegisterOptions,
} from './redis.session-module.js';
export type { Callback, SessionCallback } from './callbacks.js';
export { expressSessionStore, type ExpressStoreMethods } from './express-session-store.js';
export { fastifySessionStore, type FastifySessionStore } from './fastify-session-store.js';
export type { SessionArchive } from './session-archive.js';
export type { SessionOptions } from './session-options.js';
export type { InvalidReason } from './session-reader.js';
export type { SessionRecord } from './session-record.js';
export { sessionOf, type RequestSession } from './session-request.js';
export { SessionService, type SessionSurroundings } from './session-service.js';
export type { SessionStats } from './session-stats.js';
export type { IssuedSession, NewSession, Session, SessionList } from './session.js';
export type { SessionHome, SessionStoreOptions } from './store-records.js';
export type { TokenSource, TokenSourceOptions, RequestHeaders } from './token-source.js';
