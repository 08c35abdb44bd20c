export { type Callback, type SessionCallback } from './callbacks.js';
export { type ExpressStoreMethods, expressSessionStore } from './express-session-store.js';
export { type FastifySessionStore, fastifySessionStore } from './fastify-session-store.js';
export { type SessionHome, type SessionStoreOptions } from './store-records.js';
