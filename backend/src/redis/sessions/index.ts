export {
  AllowAnonymous,
  type AnonymousOptions,
  SESSION_TOKEN_SOURCE,
  SessionGuard,
} from './session.guard.js';
export {
  CurrentSession,
  type RequestSession,
  sessionOf,
  SessionState,
  SessionToken,
} from './current-session.decorator.js';
export {
  SessionModule,
  type SessionAsyncOptions,
  type SessionModuleOptions,
  type SessionRegisterOptions,
} from './session.module.js';
export { expressSessionStore, type ExpressStoreMethods } from './stores/express-session-store.js';
export { fastifySessionStore, type FastifySessionStore } from './stores/fastify-session-store.js';
export type { SessionHome, SessionStoreOptions } from './stores/store-records.js';
export type { SessionArchive } from './archive/session-archive.js';
export type { SessionOptions } from './service/session-options.js';
export type { InvalidReason } from './service/session-reader.js';
export { SessionService, type SessionServiceDeps } from './service/session-service.js';
export type { SessionStats } from './service/session-stats.js';
export type { SessionRecord } from './record/session-record.js';
export type { IssuedSession, NewSession, Session, SessionList } from './record/session.js';
export type { TokenSourceOptions } from './token-source.js';
