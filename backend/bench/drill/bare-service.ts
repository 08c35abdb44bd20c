// The same service on a bare ioredis client: what a careful developer writes first. Sentinel as the documentation of
// ioredis shows it, default settings, sessions and products in Redis, products loaded from a database when they are not.
// That database is a Map in memory, which costs nothing: an advantage over the sample backend.
import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { toAddress } from '../clients/bench-client.js';
import { PRODUCTS, USERS } from './mix.js';
import { emailOf } from './requests.js';

interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly salt: Buffer;
  readonly passwordHash: Buffer;
}

interface KeptSession {
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly createdAt: number;
}

/** A status, and a body: a text goes out as it is, `null` is none. */
type Answer = readonly [status: number, body: object | string | null];
type Handler = (request: IncomingMessage, id: string) => Promise<Answer>;

const SESSION_S = 1800;
const PRODUCT_S = 60;
const hash = promisify<string, string | Buffer, number, Buffer>(scrypt);
const NOTHING: Answer = [404, {}];
const UNKNOWN: Answer = [401, {}];

const redis = new Redis({
  sentinels: (process.env['REDIS_SENTINELS'] ?? '').split(',').map(toAddress),
  name: process.env['REDIS_SENTINEL_MASTER_NAME'] ?? '',
  password: process.env['REDIS_PASSWORD'] ?? '',
});
redis.on('error', () => undefined);

/** Hits and misses of the catalogue, as the sample backend counts them; `operations`: commands sent to Redis. */
const counts = { hits: 0, misses: 0, errors: 0, operations: 0 };
const users = await makeUsers();
const products = new Map(numbersTo(PRODUCTS).map((id) => [id, productOf(id)]));

const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ['POST', /^\/api\/auth\/login$/, login],
  ['GET', /^\/api\/auth\/session$/, session],
  ['POST', /^\/api\/auth\/logout$/, logout],
  ['GET', /^\/api\/products\/(\d+)$/, product],
  ['GET', /^\/health$/, health],
];

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

async function makeUsers(): Promise<ReadonlyMap<string, User>> {
  const salt = randomBytes(16);
  const passwordHash = await hash('demo-password', salt, 64);
  return new Map(
    numbersTo(USERS).map((id) => {
      const email = emailOf(id);
      return [email, { id: String(id), email, name: `User ${id}`, salt, passwordHash }];
    }),
  );
}

function productOf(id: number): object {
  return {
    id,
    name: `Product ${id}`,
    category: `category-${id % 20}`,
    description: 'A thing that is sold. '.repeat(8),
    priceCents: 100 + id,
    updatedAt: new Date(0).toISOString(),
  };
}

async function login(request: IncomingMessage): Promise<Answer> {
  const { email, password } = JSON.parse(await textOf(request)) as Record<
    'email' | 'password',
    string
  >;
  const user = users.get(email);
  const given = await hash(password, user?.salt ?? 'nobody', 64);
  if (user === undefined || !timingSafeEqual(given, user.passwordHash)) return UNKNOWN;
  const token = randomBytes(32).toString('base64url');
  const { id, name } = user;
  const made: KeptSession = { id: randomUUID(), userId: id, email, name, createdAt: Date.now() };
  counts.operations += 1;
  await redis.set(`session:${token}`, JSON.stringify(made), 'EX', SESSION_S);
  return [200, { token, session: made, user: { id, email, name } }];
}

async function session(request: IncomingMessage): Promise<Answer> {
  counts.operations += 1;
  const kept = await redis.get(`session:${tokenOf(request)}`);
  if (kept === null) return UNKNOWN;
  const { email, name, ...found } = JSON.parse(kept) as KeptSession;
  return [200, { session: found, user: { id: found.userId, email, name } }];
}

async function logout(request: IncomingMessage): Promise<Answer> {
  counts.operations += 1;
  await redis.del(`session:${tokenOf(request)}`);
  return [204, null];
}

async function product(_request: IncomingMessage, id: string): Promise<Answer> {
  const key = `product:${id}`;
  counts.operations += 1;
  const kept = await redis.get(key);
  if (kept !== null) {
    counts.hits += 1;
    return [200, kept];
  }
  counts.misses += 1;
  const found = products.get(Number(id));
  if (found === undefined) return NOTHING;
  counts.operations += 1;
  await redis.set(key, JSON.stringify(found), 'EX', PRODUCT_S);
  return [200, found];
}

async function health(): Promise<Answer> {
  const status = redis.status === 'ready' ? 'up' : 'down';
  return [200, { redis: { status, metrics: counts } }];
}

function tokenOf({ headers }: IncomingMessage): string {
  return (headers.authorization ?? '').replace(/^Bearer /, '');
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function answerTo(request: IncomingMessage): Promise<Answer> {
  for (const [method, path, handle] of ROUTES) {
    const match = request.method === method ? path.exec(request.url ?? '') : null;
    if (match !== null) return handle(request, match[1] ?? '');
  }
  return NOTHING;
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [status, body] = await answerTo(request).catch((): Answer => {
    counts.errors += 1;
    return [503, {}];
  });
  if (body === null) {
    response.writeHead(status).end();
    return;
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  };
  response.writeHead(status, headers).end(text);
}

const server = createServer((request, response) => void respond(request, response));
server.listen(Number(process.env['PORT']), '127.0.0.1');

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    redis.disconnect();
    server.close();
    server.closeAllConnections();
  });
}
