export { SESSION_ROWS, type SessionOptions } from './session-options.js';
export { type InvalidReason, reasonOf } from './session-reader.js';
export { SessionService, type SessionServiceDeps } from './session-service.js';
export { type SessionStats } from './session-stats.js';
