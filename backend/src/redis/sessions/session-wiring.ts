import type { RedisNamespaces } from '../engine/index.js';
import { type SessionOptions, SessionService } from './service/index.js';

/** Opens the sessions of a connection: the only place that knows what the front door offers. */
export function openSessions(
  namespaces: RedisNamespaces,
  name: string,
  options: SessionOptions,
): SessionService {
  const { clock, bus } = namespaces;
  const namespace = namespaces.open(name, { policy: 'session', nearMs: 0, maxStaleMs: 0 });
  const sessions = new SessionService(namespace, options, { clock, bus });
  namespaces.beforeClose(() => sessions.close());
  return sessions;
}
