// @ts-check
// The calls whose walks are counted. They use only what every version of the library has.

/** @typedef {import('./application.mjs').Application} Application */
/** @typedef {(application: Application) => () => Promise<unknown>} From makes the call ready */
/** @typedef {keyof typeof WALKS} WalkName */

const load = () => 'loaded';

let made = 0;
const newKey = () => `new-${String(made++)}`;

/** @satisfies {Record<string, { title: string, from: From }>} */
export const WALKS = {
  'redis.get': {
    title: 'a read on the shared connection',
    /** @type {From} */
    from:
      ({ redis, keys }) =>
      () =>
        redis.get(keys.text),
  },
  'redis.set': {
    title: 'a write on the shared connection',
    /** @type {From} */
    from:
      ({ redis, keys }) =>
      () =>
        redis.set(keys.text, 'some text'),
  },
  'redis.miss-by-hand': {
    title: 'a `GET` and two scripts, which a miss of the cache sends as well',
    /** @type {From} */
    from: ({ redis }) => {
      const script = redis.script({ lua: 'return 1', idempotent: true });
      return async () => {
        await redis.get(newKey());
        await script(['lease'], ['token']);
        return script(['value'], ['loaded']);
      };
    },
  },
  'cache.memory-hit': {
    title: '`getOrSet`, a copy in memory answers',
    /** @type {From} */
    from:
      ({ near, keys }) =>
      () =>
        near.getOrSet(keys.value, load),
  },
  'cache.redis-hit': {
    title: '`getOrSet`, Redis has the value',
    /** @type {From} */
    from:
      ({ cache, keys }) =>
      () =>
        cache.getOrSet(keys.value, load),
  },
  'cache.miss': {
    title: '`getOrSet`, nobody has it, and it is loaded',
    /** @type {From} */
    from:
      ({ cache }) =>
      () =>
        cache.getOrSet(newKey(), load),
  },
  'cache.set': {
    title: 'a value for a new key',
    /** @type {From} */
    from:
      ({ cache }) =>
      () =>
        cache.set(newKey(), 'some text'),
  },
  'sessions.read': {
    title: 'a session that Redis has',
    /** @type {From} */
    from:
      ({ sessions, token }) =>
      () =>
        sessions.read(token),
  },
  health: {
    title: 'the body of `GET /health`',
    /** @type {From} */
    from:
      ({ probes }) =>
      () =>
        probes.health(),
  },
  scrape: {
    title: 'the metrics for Prometheus',
    /** @type {From} */
    from:
      ({ registry }) =>
      () =>
        registry.metrics(),
  },
};
