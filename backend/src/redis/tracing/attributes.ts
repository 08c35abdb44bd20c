import type { Attributes } from '@opentelemetry/api';
import { replyPrefix, RedisHaError } from '../base/errors/index.js';
import type {
  CacheOperation,
  CommandOperation,
  CommandStep,
  SessionOperation,
} from '../base/operations/index.js';
import { type NodeAddress } from '../base/address/index.js';

// The names are those of the semantic conventions of OpenTelemetry for databases, and `redis.ha.` before our own.
const DEFAULT_PORT = 6379;
const PREFIX = /^[A-Z][A-Z0-9_]*$/;

/** What is known of a command when it begins. */
export function commandAttributes(operation: CommandOperation, hasQueryText: boolean): Attributes {
  const { name, place, batchSize, script } = operation;
  const { connection, database, server, port } = place;
  return {
    'db.system.name': 'redis',
    'db.operation.name': name,
    'db.namespace': String(database),
    'server.address': server,
    ...(port !== null && port !== DEFAULT_PORT && { 'server.port': port }),
    ...(batchSize !== null && { 'db.operation.batch.size': batchSize }),
    ...(script !== null && { 'db.stored_procedure.name': script }),
    ...(hasQueryText && { 'db.query.text': operation.text() }),
    'redis.ha.connection': connection,
  };
}

/** What is known of it when it has ended. */
export function endAttributes({ node, sent, batchSize, name }: CommandOperation): Attributes {
  const isOne = batchSize === null && !name.startsWith('PIPELINE');
  return {
    ...(node !== null && peerAttributes(node)),
    ...(isOne && sent > 1 && { 'redis.ha.attempts': sent }),
  };
}

/** A step of a command on its way, as attributes of its event. */
export function stepAttributes({ node, reason }: CommandStep): Attributes {
  return {
    ...(node !== null && peerAttributes(node)),
    ...(reason !== null && { 'redis.ha.reason': reason }),
  };
}

/** What is known of a call of a cache. */
export function cacheAttributes({ namespace, keys }: CacheOperation): Attributes {
  return { 'redis.ha.namespace': namespace, ...(keys !== null && { 'redis.ha.keys': keys }) };
}

/** The outcome of an operation, where it is known. */
export function outcomeAttributes({ outcome }: CacheOperation | SessionOperation): Attributes {
  return outcome === null ? {} : { 'redis.ha.outcome': outcome };
}

/** What kind of failure it was. Never its text, which may be worded by somebody else. */
export function failureAttributes(error: unknown): Attributes {
  const reply = replyOf(error);
  const type = reply ?? codeOrName(error);
  return { 'error.type': type, ...(reply !== null && { 'db.response.status_code': reply }) };
}

function replyOf(error: unknown): string | null {
  if (RedisHaError.is(error)) {
    const reply = error.details['reply'];
    return typeof reply === 'string' && PREFIX.test(reply) ? reply : null;
  }
  const prefix = error instanceof Error ? replyPrefix(error) : null;
  return prefix !== null && PREFIX.test(prefix) ? prefix : null;
}

function codeOrName(error: unknown): string {
  if (RedisHaError.is(error)) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

function peerAttributes({ host, port }: NodeAddress): Attributes {
  return {
    'network.peer.address': host,
    ...(port > 0 && { 'network.peer.port': port }),
  };
}
