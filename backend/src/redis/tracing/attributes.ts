import type { Attributes } from '@opentelemetry/api';
import { classOf, replyPrefix, RedisHaError } from '../base/errors/index.js';
import type {
  CacheOperation,
  CommandOperation,
  CommandStep,
  SessionOperation,
} from '../base/operations/index.js';
import { type NodeAddress } from '../base/address/index.js';

// The names are those of the semantic conventions of OpenTelemetry for databases, and `redis.ha.` before our own.
const DEFAULT_PORT = 6379;
// What Redis itself says first. Any other first word is that of a script, a function or a module, and may be a key.
const WORDS_OF_REDIS: ReadonlySet<string> = new Set(
  (
    'ASK BUSY BUSYGROUP BUSYKEY CLUSTERDOWN CROSSSLOT DENIED ERR EXECABORT INPROG INVALIDOBJ IOERR LOADING MASTERDOWN ' +
    'MISCONF MOVED NOADDR NOAUTH NOGOODSLAVE NOGROUP NOMASTERLINK NOPERM NOPROTO NOREPLICAS NOSCRIPT NOTBUSY NOTREADY ' +
    'OOM READONLY STALE SYNTAX TRYAGAIN UNBLOCKED UNKILLABLE VERSION WRONGPASS WRONGTYPE'
  ).split(' '),
);

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
export function outcomeAttributes({
  outcome,
  error,
}: CacheOperation | SessionOperation): Attributes {
  const known = isAnswer(error) ? 'none' : outcome;
  return known === null ? {} : { 'redis.ha.outcome': known };
}

/** What kind of failure it was. Never in words that may be somebody else's. */
export function failureAttributes(error: unknown): { 'error.type': string } & Attributes {
  const reply = replyOf(error);
  if (reply !== null && WORDS_OF_REDIS.has(reply)) {
    return { 'error.type': reply, 'db.response.status_code': reply };
  }
  return { 'error.type': RedisHaError.is(error) ? error.code : (classOf(error) ?? '_OTHER') };
}

/** Returns whether an error is an answer, and no failure: there is no such session. */
export function isAnswer(error: unknown): boolean {
  return RedisHaError.is(error) && error.code === 'SESSION_INVALID';
}

// On an exclusive connection the commands of a transaction have the errors of the driver.
function replyOf(error: unknown): string | null {
  if (!RedisHaError.is(error))
    return classOf(error) === 'ReplyError' ? replyPrefix(error as Error) : null;
  const { reply } = error.details;
  return typeof reply === 'string' ? reply : null;
}

function peerAttributes({ host, port }: NodeAddress): Attributes {
  return {
    'network.peer.address': host,
    ...(port > 0 && { 'network.peer.port': port }),
  };
}
