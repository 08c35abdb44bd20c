import { type FakeConnection } from './fake-connection.js';
import { reply, type FakeReply } from './fake-replies.js';

type DefaultHandler = (args: readonly string[], connection: FakeConnection) => FakeReply[];

const OK = reply.simple('OK');

const INFO = [
  '# Server',
  'redis_version:7.0.15',
  'redis_mode:standalone',
  '# Persistence',
  'loading:0',
  '# Replication',
  'role:master',
  'connected_slaves:0',
  'master_repl_offset:0',
].join('\r\n');

const HANDLERS: Readonly<Record<string, DefaultHandler>> = {
  PING: (args, connection) => [pong(args, connection)],
  HELLO: (args, connection) => [hello(args, connection)],
  INFO: () => [reply.bulk(`${INFO}\r\n`)],
  ROLE: () => [reply.array(reply.bulk('master'), reply.int(0), reply.array())],
  TIME: () => [now()],
  CLIENT: (args, connection) => [args[0]?.toUpperCase() === 'ID' ? reply.int(connection.id) : OK],
  AUTH: () => [OK],
  SELECT: () => [OK],
  COMMAND: () => [reply.array()],
  SUBSCRIBE: (args, connection) => subscribe('subscribe', args, connection),
  PSUBSCRIBE: (args, connection) => subscribe('psubscribe', args, connection),
  SSUBSCRIBE: (args, connection) => subscribe('ssubscribe', args, connection),
  UNSUBSCRIBE: (args, connection) => unsubscribe('unsubscribe', args, connection),
  PUNSUBSCRIBE: (args, connection) => unsubscribe('punsubscribe', args, connection),
  SUNSUBSCRIBE: (args, connection) => unsubscribe('sunsubscribe', args, connection),
};

/** Returns what an idle primary without data would reply, as far as clients need it to connect and to subscribe. */
export function answerByDefault(
  command: readonly string[],
  connection: FakeConnection,
): FakeReply[] {
  const [name = '', ...args] = command;
  const handler = HANDLERS[name.toUpperCase()];
  if (handler !== undefined) return handler(args, connection);
  return [reply.error(`ERR unknown command '${name}', with args beginning with: `)];
}

function now(): FakeReply {
  const wallMs = Date.now();
  return reply.array(String(Math.floor(wallMs / 1_000)), String((wallMs % 1_000) * 1_000));
}

function pong(args: readonly string[], connection: FakeConnection): FakeReply {
  const isSubscribed = SETS.some((set) => connection[set].size > 0);
  if (isSubscribed && connection.protocol === 2) return reply.array('pong', args[0] ?? '');
  return args[0] === undefined ? reply.simple('PONG') : reply.bulk(args[0]);
}

function hello(args: readonly string[], connection: FakeConnection): FakeReply {
  const version = Number(args[0] ?? connection.protocol);
  if (version !== 2 && version !== 3) return reply.error('NOPROTO unsupported protocol version');
  connection.protocol = version;
  return reply.map({
    server: 'redis',
    version: '7.0.15',
    proto: reply.int(version),
    id: reply.int(connection.id),
    mode: 'standalone',
    role: 'master',
    modules: reply.array(),
  });
}

type SubscriptionSet = 'channels' | 'patterns' | 'shardChannels';

const SETS = ['channels', 'patterns', 'shardChannels'] as const satisfies SubscriptionSet[];

function setOf(kind: string): SubscriptionSet {
  if (kind.startsWith('s') && !kind.startsWith('sub')) return 'shardChannels';
  return kind.startsWith('p') ? 'patterns' : 'channels';
}

function subscribe(
  kind: 'subscribe' | 'psubscribe' | 'ssubscribe',
  names: readonly string[],
  connection: FakeConnection,
): FakeReply[] {
  return names.map((name) => {
    connection[setOf(kind)].add(name);
    return confirmation(kind, name, connection);
  });
}

function unsubscribe(
  kind: 'unsubscribe' | 'punsubscribe' | 'sunsubscribe',
  names: readonly string[],
  connection: FakeConnection,
): FakeReply[] {
  const set = connection[setOf(kind)];
  const leaving = names.length > 0 ? names : [...set];
  if (leaving.length === 0) return [confirmation(kind, null, connection)];
  return leaving.map((name) => {
    set.delete(name);
    return confirmation(kind, name, connection);
  });
}

// Sharded channels are counted apart.
function confirmation(kind: string, name: string | null, connection: FakeConnection): FakeReply {
  const { channels, patterns, shardChannels } = connection;
  const isSharded = setOf(kind) === 'shardChannels';
  const count = isSharded ? shardChannels.size : channels.size + patterns.size;
  return reply.push(kind, name === null ? reply.nil() : name, reply.int(count));
}
