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
  UNSUBSCRIBE: (args, connection) => unsubscribe('unsubscribe', args, connection),
  PUNSUBSCRIBE: (args, connection) => unsubscribe('punsubscribe', args, connection),
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
  const isSubscribed = connection.channels.size + connection.patterns.size > 0;
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

function subscribe(
  kind: 'subscribe' | 'psubscribe',
  names: readonly string[],
  connection: FakeConnection,
): FakeReply[] {
  const set = kind === 'subscribe' ? connection.channels : connection.patterns;
  return names.map((name) => {
    set.add(name);
    return confirmation(kind, name, connection);
  });
}

function unsubscribe(
  kind: 'unsubscribe' | 'punsubscribe',
  names: readonly string[],
  connection: FakeConnection,
): FakeReply[] {
  const set = kind === 'unsubscribe' ? connection.channels : connection.patterns;
  const leaving = names.length > 0 ? names : [...set];
  if (leaving.length === 0) return [confirmation(kind, null, connection)];
  return leaving.map((name) => {
    set.delete(name);
    return confirmation(kind, name, connection);
  });
}

function confirmation(kind: string, name: string | null, connection: FakeConnection): FakeReply {
  const count = connection.channels.size + connection.patterns.size;
  return reply.push(kind, name === null ? reply.nil() : name, reply.int(count));
}
