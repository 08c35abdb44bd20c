/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-meaningless-void-operator -- what does not compile has no type */
// What must not compile. Checked by `npm run typecheck`: an expected error that does not occur is one itself.
import {
  AllowAnonymous,
  RedisModule,
  sessionOf,
  type CallOptions,
  type NodeStatus,
  type RedisHaError,
  type RedisHaEvent,
  type RedisHaOptions,
  type RedisService,
  type ExclusiveConnection,
  type RedisStatus,
  type RequestSession,
  type ResolvedRedisOptions,
  type SwitchoverOptions,
} from '../../src/redis/index.js';

declare const redis: RedisService;
declare const session: ExclusiveConnection;
declare const error: RedisHaError;

/** Options. */
export const options: RedisHaOptions[] = [
  // Right use.
  { mode: 'memory' },
  { mode: 'standalone', host: 'localhost', port: 6379 },
  { mode: 'sentinel', sentinel: { nodes: ['a:1', { host: 'b', port: 2 }, 'c'] } },
  // @ts-expect-error -- the mode says what else there may be
  {},
  // @ts-expect-error -- there is no such mode
  { mode: 'cluster' },
  // @ts-expect-error -- Sentinel mode needs its Sentinels
  { mode: 'sentinel' },
  // @ts-expect-error -- and their addresses
  { mode: 'sentinel', sentinel: { masterName: 'mymaster' } },
  // @ts-expect-error -- a single Redis has no Sentinels
  { mode: 'standalone', sentinel: { nodes: ['a:1'] } },
  // @ts-expect-error -- memory mode connects to nothing
  { mode: 'memory', host: 'localhost' },
  // @ts-expect-error -- a port is a number
  { mode: 'standalone', port: '6379' },
  // @ts-expect-error -- there is no such read policy
  { mode: 'memory', routing: { readPolicy: 'slave' } },
  // @ts-expect-error -- durations are numbers of milliseconds, and say so
  { mode: 'memory', routing: { readTimeout: 250 } },
  // @ts-expect-error -- an option that is not given is left out, not undefined
  { mode: 'memory', routing: { readTimeoutMs: undefined } },
  // @ts-expect-error -- options of the driver are not options of ours
  { mode: 'standalone', maxRetriesPerRequest: 3 },
];

RedisModule.forRoot({ mode: 'memory' });
// @ts-expect-error -- the module needs options, or to be told to read the environment
RedisModule.forRoot({ sentinels: [{ host: 'a', port: 1 }] });
// @ts-expect-error -- the options must come from somewhere
RedisModule.forRootAsync({});
// @ts-expect-error -- without the environment the mode has to be said
RedisModule.forRootAsync({ useFactory: () => ({ node: { db: 1 } }) });
RedisModule.forRootAsync({ overEnvironment: true, useFactory: () => ({ node: { db: 1 } }) });
// @ts-expect-error -- there is no such option, over the environment neither
RedisModule.forRootAsync({ overEnvironment: true, useFactory: () => ({ nodes: { db: 1 } }) });
RedisModule.forRoot({ node: { db: 1 } }, { overEnvironment: true });
// @ts-expect-error -- without the environment the mode has to be said
RedisModule.forRoot({ node: { db: 1 } }, {});

/** Options of one call. */
export const callOptions: CallOptions[] = [
  { timeoutMs: 50, readPolicy: 'primary', idempotent: true, signal: AbortSignal.timeout(5) },
  { as: 'read', replicas: 1 },
  // @ts-expect-error -- it reads or it writes
  { as: 'reads' },
  // @ts-expect-error -- milliseconds are a number
  { timeoutMs: '50ms' },
  // @ts-expect-error -- there is no such option
  { retries: 3 },
  // @ts-expect-error -- a signal is one, not its controller
  { signal: new AbortController() },
];

/** Commands. */
export async function commands(): Promise<void> {
  const value: string | null = await redis.get('k');
  const buffer: Buffer | null = await redis.getBuffer('k');
  const count: number = await redis.incr('k');
  // @ts-expect-error -- a value may be missing
  const wrong: string = await redis.get('k');
  // @ts-expect-error -- a count is a number
  const text: string = await redis.incr('k');
  // @ts-expect-error -- a key is needed
  await redis.get();
  // @ts-expect-error -- a value is needed
  await redis.set('k');
  // @ts-expect-error -- objects are no values: serialize them first
  await redis.set('k', { a: 1 });
  // @ts-expect-error -- there is no such command
  await redis.gett('k');
  void [value, buffer, count, wrong, text];
}

/** What belongs to one connection is not there on the connection that all share. */
export function withheld(): void {
  // @ts-expect-error -- see redis.exclusive()
  void redis.watch('k');
  // @ts-expect-error -- see node.db
  void redis.select(1);
  // @ts-expect-error -- connections are closed at shutdown
  void redis.quit();
  // @ts-expect-error -- connections are closed at shutdown
  redis.disconnect();
  // @ts-expect-error -- there is no socket to listen to
  redis.on('ready', () => undefined);
  // @ts-expect-error -- nobody shuts a server down from here
  void redis.shutdown();
  // @ts-expect-error -- see redis.exclusive()
  void redis.wait(1, 100);
  // @ts-expect-error -- the constructor is not for applications
  void (redis.engine as unknown);
}

/** What belongs to one connection is not there in pipelines and transactions either, at any place of the chain. */
export async function chained(): Promise<void> {
  const results = await redis.pipeline().set('k', 'v', 'EX', 10).get('k').call('ping').exec();
  await session.multi().incr('k').hgetall('h').exec();
  for (const [failure, value] of results ?? []) void [failure, value];
  // @ts-expect-error -- it would tell about a connection that all callers share
  redis.pipeline().client('ID');
  // @ts-expect-error -- the same after a command
  redis.pipeline().get('k').client('ID');
  // @ts-expect-error -- see redis.exclusive()
  redis.pipeline().get('k').wait(1, 100);
  // @ts-expect-error -- see node.db
  redis.multi().set('k', 'v').select(1);
  // @ts-expect-error -- see redis.script()
  redis.multi().script('LOAD', 'return 1');
  // @ts-expect-error -- a batch ends with exec()
  redis.multi().set('k', 'v').multi();
  // @ts-expect-error -- see redis.exclusive()
  session.multi().watch('k');
  // @ts-expect-error -- the arguments are those of the command
  redis.pipeline().get('k').incrby('k');
  redis
    .multi()
    .set('k', 'v', 'PX', 5, 'NX')
    .hset('h', { a: 1 })
    .hset('h', 'a', 1, 'b', 2)
    .del(['k', 'l']);
  redis
    .multi()
    .mset(new Map([['a', '1']]))
    .zadd('z', 1, 'a')
    .zrange('z', 0, '-1')
    .sort('l', 'ALPHA');
  redis.pipeline().getBuffer('k').xread('COUNT', 1, 'STREAMS', 's', '0').eval('return 1', 1, 'k');
}

const callback = (): void => undefined;

/** Nobody calls back in pipelines and transactions: results are those of exec(). */
export function callbacks(): void {
  // @ts-expect-error -- a command without options
  redis.pipeline().get('k', callback);
  // @ts-expect-error -- a command with options
  redis.pipeline().set('k', 'v', 'EX', 5, callback);
  // @ts-expect-error -- a command with any number of arguments
  redis.multi().del('k', 'l', callback);
  // @ts-expect-error -- the same, as a list
  redis.multi().del(['k', 'l'], callback);
  // @ts-expect-error -- fields and values
  redis.multi().hset('h', { a: 1 }, callback);
  // @ts-expect-error -- a command with very many forms
  redis.multi().sort('l', 'ALPHA', callback);
  // @ts-expect-error -- after another command
  redis.pipeline().incr('k').incr('k', callback);
  // @ts-expect-error -- on an exclusive connection
  session.multi().incr('k', callback);
  // @ts-expect-error -- by name
  redis.pipeline().call('set', 'k', 'v', callback);
  // @ts-expect-error -- by name, alone
  void redis.call('set', 'k', 'v', callback);
  void redis.call('set', 'k', Buffer.from('v'), 'EX', 5);
  void redis.call('ping');
  void redis.call(...(['set', 'k'] as [string, ...unknown[]]));
  void redis.get('k', callback);
  void redis.multi().incr('k').exec(callback);
}

interface Bank {
  readonly deposit: number;
  readonly balance: string | null;
}

/** Scripts are methods with types of their own, at any place of a chain. */
export async function scripts(): Promise<void> {
  const bank = redis.withScripts<Bank>({
    deposit: { lua: 'return 1' },
    balance: { lua: 'return 2', readOnly: true },
  });
  const sum: number = await bank.deposit(['k'], [1]);
  await bank.with({ replicas: 1 }).deposit(['k'], [1]);
  await bank.pipeline().get('k').deposit(['k'], [1]).get('k').balance(['k']).exec();
  await bank.multi().deposit(['k']).set('k', 'v').balance(['k']).exec();
  // @ts-expect-error -- a value may be missing
  const wrong: string = await bank.balance(['k']);
  // @ts-expect-error -- keys are a list
  await bank.deposit('k', [1]);
  // @ts-expect-error -- there is no such script
  await bank.withdraw(['k']);
  // @ts-expect-error -- nor in a chain
  bank.pipeline().get('k').withdraw(['k']);
  // @ts-expect-error -- what belongs to one connection is not there either
  bank.multi().deposit(['k']).watch('k');
  // @ts-expect-error -- each that is promised has to be given
  redis.withScripts<Bank>({ deposit: { lua: 'return 1' } });
  void [sum, wrong];
}

/** Subscriptions. */
export function subscriptions(): void {
  void redis.subscribe('news', (message, channel) => message + channel);
  // @ts-expect-error -- without a listener nobody hears anything
  void redis.subscribe('news');
  // @ts-expect-error -- the first argument is the message, as text
  void redis.subscribe('news', (message: number) => message);
}

/** Sessions. */
export async function sessions(): Promise<void> {
  await session.watch('k');
  const replicas: number = await session.wait(1, 100);
  const name: string = await redis.exclusive((own) => own.get('k').then(String));
  // @ts-expect-error -- the result is that of the work
  const wrong: number = await redis.exclusive((own) => own.get('k').then(String));
  // @ts-expect-error -- a session has no sessions
  void session.session;
  // @ts-expect-error -- work is a promise
  await redis.exclusive(() => 5);
  void [replicas, name, wrong];
}

/** What is known of the session of a request. */
export function requests(found: RequestSession, request: object): string | null {
  // @ts-expect-error -- nobody may be taken for nobody while nobody can tell: ask for the state first
  void found.session;
  // @ts-expect-error -- nor does the function hand one out
  void sessionOf(request).session;
  // @ts-expect-error -- there is no such rule
  AllowAnonymous({ whenUnknown: 'deny' });
  AllowAnonymous({ whenUnknown: 'refuse' });
  return found.state === 'valid' ? found.session.userId : null;
}

/** Events. */
export function events(): void {
  redis.on('primary.switched', ({ from, to, epoch }) => [from, to, epoch]);
  // @ts-expect-error -- there is no such event
  redis.on('primary.swtched', () => undefined);
  // @ts-expect-error -- this event has no reason
  redis.on('primary.ready', ({ reason }) => reason);
  const event = {} as RedisHaEvent;
  // @ts-expect-error -- what an event tells depends on its name
  void event.node;
}

/** What is handed out is not to be changed. */
export function frozen(
  status: RedisStatus,
  node: NodeStatus,
  resolved: ResolvedRedisOptions,
): void {
  // @ts-expect-error -- a picture, not the thing
  status.canWrite = true;
  // @ts-expect-error -- a picture, not the thing
  status.replicas.push(node);
  // @ts-expect-error -- options are resolved once
  resolved.routing.readTimeoutMs = 5;
  // @ts-expect-error -- details explain, they are not a place to keep things
  error.details['x'] = 1;
  // @ts-expect-error -- a code is stable
  error.code = 'OTHER';
}

/** Switchover and scans. */
export function operations(): void {
  void redis.switchover({
    timeoutMs: 5000,
    to: { host: 'h', port: 1 },
  } satisfies SwitchoverOptions);
  // @ts-expect-error -- a port alone is no address
  void redis.switchover({ to: 6379 });
  // @ts-expect-error -- SCAN goes by scanIterator
  void redis.scanMembers('scan', 'k');
  // @ts-expect-error -- the members of one key have no type
  void redis.scanMembers('hscan', 'k', { type: 'string' });
  // @ts-expect-error -- a script is a piece of Lua
  redis.script('return 1');
}
