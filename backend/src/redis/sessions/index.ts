export { AllowAnonymous, SESSION_TOKEN_SOURCE, SessionGuard } from './session.guard.js';
export { CurrentSession, SessionToken } from './current-session.decorator.js';
export {
  SessionModule,
  type SessionAsyncOptions,
  type SessionModuleOptions,
  type SessionRegisterOptions,
} from './session.module.js';
export {
  type Callback,
  expressSessionStore,
  type ExpressStoreMethods,
  fastifySessionStore,
  type FastifySessionStore,
  type SessionCallback,
  type SessionHome,
  type SessionStoreOptions,
} from './stores/index.js';
export type { SessionArchive } from './archive/index.js';
export {
  type InvalidReason,
  type SessionOptions,
  SessionService,
  type SessionStats,
  type SessionServiceDeps,
} from './service/index.js';
export type {
  IssuedSession,
  NewSession,
  Session,
  SessionList,
  SessionRecord,
} from './record/index.js';
export { sessionOf, type RequestSession } from './session-request.js';
export type { TokenSource, TokenSourceOptions, RequestHeaders } from './token-source.js';
