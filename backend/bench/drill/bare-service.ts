// The same service on a bare ioredis client: what a careful developer writes first. Sentinel as the documentation of
// ioredis shows it, default settings, sessions and products in Redis, products loaded from a database when they are not.
// That database is a Map in memory, which costs nothing: an advantage over the sample backend.
import { createServer } from 'node:http';
import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { emailOf } from './requests.mjs';
import { PRODUCTS, USERS } from './mix.mjs';

const SESSION_S = 1800;
const PRODUCT_S = 60;
const hash = promisify(scrypt);

const redis = new Redis({
  sentinels: process.env.REDIS_SENTINELS.split(',').map((address) => {
    const [host, port] = address.split(':');
    return { host, port: Number(port) };
  }),
  name: process.env.REDIS_SENTINEL_MASTER_NAME,
});
redis.on('error', () => undefined);

/** Hits and misses of the catalogue, as the sample backend counts them; `operations`: commands sent to Redis. */
const counts = { hits: 0, misses: 0, errors: 0, operations: 0 };
const { users, products } = await makeDatabase();

const ROUTES = [
  ['POST', /^\/api\/auth\/login$/, login],
  ['GET', /^\/api\/auth\/session$/, session],
  ['POST', /^\/api\/auth\/logout$/, logout],
  ['GET', /^\/api\/products\/(\d+)$/, product],
  ['GET', /^\/health$/, health],
];

async function makeDatabase() {
  const salt = randomBytes(16);
  const passwordHash = await hash('demo-password', salt, 64);
  const user = (id) => ({
    id: String(id),
    email: emailOf(id),
    name: `User ${id}`,
    salt,
    passwordHash,
  });
  const item = (id) => ({
    id,
    name: `Product ${id}`,
    category: `category-${id % 20}`,
    description: 'A thing that is sold. '.repeat(8),
    priceCents: 100 + id,
    updatedAt: new Date(0).toISOString(),
  });
  const ids = (count) => Array.from({ length: count }, (_, index) => index + 1);
  return {
    users: new Map(ids(USERS).map((id) => [emailOf(id), user(id)])),
    products: new Map(ids(PRODUCTS).map((id) => [id, item(id)])),
  };
}

async function login(request) {
  const { email, password } = JSON.parse(await textOf(request));
  const user = users.get(email);
  const given = await hash(password, user?.salt ?? 'nobody', 64);
  if (user === undefined || !timingSafeEqual(given, user.passwordHash)) return [401, {}];
  const token = randomBytes(32).toString('base64url');
  const made = { id: randomUUID(), userId: user.id, email, name: user.name, createdAt: Date.now() };
  counts.operations += 1;
  await redis.set(`session:${token}`, JSON.stringify(made), 'EX', SESSION_S);
  return [200, { token, session: made, user: { id: user.id, email, name: user.name } }];
}

async function session(request) {
  counts.operations += 1;
  const kept = await redis.get(`session:${tokenOf(request)}`);
  if (kept === null) return [401, {}];
  const { email, name, ...found } = JSON.parse(kept);
  return [200, { session: found, user: { id: found.userId, email, name } }];
}

async function logout(request) {
  counts.operations += 1;
  await redis.del(`session:${tokenOf(request)}`);
  return [204];
}

async function product(_request, id) {
  const key = `product:${id}`;
  counts.operations += 1;
  const kept = await redis.get(key);
  if (kept !== null) {
    counts.hits += 1;
    return [200, kept];
  }
  counts.misses += 1;
  const found = products.get(Number(id));
  if (found === undefined) return [404, {}];
  counts.operations += 1;
  await redis.set(key, JSON.stringify(found), 'EX', PRODUCT_S);
  return [200, found];
}

async function health() {
  return [200, { redis: { status: redis.status === 'ready' ? 'up' : 'down', metrics: counts } }];
}

const tokenOf = (request) => (request.headers.authorization ?? '').replace(/^Bearer /, '');

async function textOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

async function answer(request) {
  for (const [method, path, handle] of ROUTES) {
    const match = request.method === method ? path.exec(request.url) : null;
    if (match !== null) return handle(request, match[1]);
  }
  return [404, {}];
}

const server = createServer(async (request, response) => {
  let status = 503;
  let body = {};
  try {
    [status, body] = await answer(request);
  } catch {
    counts.errors += 1;
  }
  if (status === 204) return response.writeHead(204).end();
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response
    .writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    })
    .end(text);
});
server.listen(Number(process.env.PORT), '127.0.0.1');

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    redis.disconnect();
    server.close();
    server.closeAllConnections();
  });
}
