import type { RedisKeyspaces } from '../engine/index.js';
import { type SessionOptions, SessionService } from './service/index.js';

/** Opens the sessions of a connection: the only place that knows what the front door offers. */
export function openSessions(
  keyspaces: RedisKeyspaces,
  name: string,
  options: SessionOptions,
): SessionService {
  const { clock, bus } = keyspaces;
  const keyspace = keyspaces.open(name, { policy: 'session', nearMs: 0, maxStaleMs: 0 });
  const sessions = new SessionService(keyspace, options, { clock, bus });
  keyspaces.beforeClose(() => sessions.close());
  return sessions;
}
