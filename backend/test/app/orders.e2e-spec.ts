import { randomUUID } from 'node:crypto';
import { DATABASE, type Database } from '../../src/app/database/database.js';
import {
  startRedisCluster,
  startRedisServer,
  waitUntil,
  type RedisTestCluster,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { startApp, type RunningApp } from './support/running-app.js';

const ORDERED = {
  items: [
    { productId: 7, quantity: 2 },
    { productId: 3, quantity: 1 },
  ],
};

function place(app: RunningApp, token: string, id: string, json: unknown = ORDERED) {
  return app.http.put(`/api/orders/${id}`, { token, json });
}

async function confirmed(app: RunningApp, token: string, id: string): Promise<void> {
  const isConfirmed = async (): Promise<boolean> =>
    (await app.http.get(`/api/orders/${id}`, { token })).body.confirmedAt !== null;
  await waitUntil(isConfirmed, { timeoutMs: 30_000, what: 'the order to be confirmed' });
}

/** How many mails were written for each order, as the database has them. */
async function mailsOf(app: RunningApp, ids: readonly string[]): Promise<number> {
  const rows = await app.nest
    .get<Database>(DATABASE)
    .query<{ order_id: string }>('SELECT order_id FROM mails WHERE order_id = ANY($1::uuid[])', [
      ids,
    ]);
  return rows.length;
}

describe('orders, with one Redis', () => {
  let server: RedisTestServer;
  let app: RunningApp;
  let token: string;

  beforeAll(async () => {
    server = await startRedisServer();
    app = await startApp(server.env());
    await app.redis.whenReady();
    token = await app.http.login(1);
  });

  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  it('are placed with the prices of the moment, and confirmed by a job', async () => {
    const id = randomUUID();
    const { body: seven } = await app.http.get('/api/products/7');
    const { body: three } = await app.http.get('/api/products/3');
    const { status, body, headers } = await place(app, token, id);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      id,
      items: [
        { productId: 3, quantity: 1, priceCents: three.priceCents },
        { productId: 7, quantity: 2, priceCents: seven.priceCents },
      ],
      totalCents: Number(three.priceCents) + 2 * Number(seven.priceCents),
      placedAt: expect.any(String),
      confirmedAt: null,
    });
    await confirmed(app, token, id);
    expect(await mailsOf(app, [id])).toBe(1);
    expect(app.lines).toContainEqual(
      expect.objectContaining({ msg: 'Order confirmed', orderId: id }),
    );
  });

  it('are not placed twice by asking twice, and an id stands for one order', async () => {
    const id = randomUUID();
    const [first, second] = await Promise.all([place(app, token, id), place(app, token, id)]);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body.placedAt).toBe(first.body.placedAt);
    const other = { items: [{ productId: 7, quantity: 3 }] };
    const taken = { status: 409, body: { code: 'ORDER_EXISTS' } };
    expect(await place(app, token, id, other)).toMatchObject(taken);
    const stranger = await app.http.login(2);
    expect(await place(app, stranger, id)).toMatchObject(taken);
    expect((await app.http.get(`/api/orders/${id}`, { token: stranger })).status).toBe(404);
    await confirmed(app, token, id);
    expect(await mailsOf(app, [id])).toBe(1);
  });

  it.each([
    ['no items', { items: [] }, 'items'],
    ['the same product twice', { items: [ORDERED.items[0], ORDERED.items[0]] }, 'items'],
    ['half a product', { items: [{ productId: 7, quantity: 0.5 }] }, 'items.0.quantity'],
    ['a price', { items: [{ productId: 7, quantity: 1, priceCents: 1 }] }, 'items.0.priceCents'],
  ])('with %s are refused', async (_name, json, field) => {
    const { status, body } = await place(app, token, randomUUID(), json);
    expect(status).toBe(400);
    expect(body.problems[0].field).toBe(field);
  });

  it('of a product that is not there, by nobody, or with a name for an id are refused', async () => {
    const unknown = { items: [{ productId: 1001, quantity: 1 }] };
    expect((await place(app, token, randomUUID(), unknown)).status).toBe(404);
    expect((await place(app, '', randomUUID())).status).toBe(401);
    expect((await place(app, token, 'my-order')).status).toBe(400);
  });

  it('are confirmed although Redis has lost its job: the database knows which are not', async () => {
    const id = randomUUID();
    await server.node.freeze();
    // Nobody can tell who asks while Redis stands still, so the order is placed where the job would be made.
    await app.nest
      .get<Database>(DATABASE)
      .query(
        "INSERT INTO orders (id, user_id, email, total_cents) VALUES ($1, 'user-1', 'a@b.c', 5)",
        [id],
      );
    server.node.thaw();
    await confirmed(app, token, id);
    expect(await mailsOf(app, [id])).toBe(1);
  });

  it('leave nothing in Redis when they are confirmed', async () => {
    await waitUntil(
      async () => {
        const keys = (await server.node.command('KEYS', 'bull:*:order-*')) as string[];
        return keys.length === 0;
      },
      { what: 'the jobs to be gone' },
    );
  });
});

it('orders that are gone with their process leave no queue in Redis', async () => {
  const server = await startRedisServer();
  const app = await startApp(server.env());
  await app.redis.whenReady();
  const token = await app.http.login(1);
  const id = randomUUID();
  await place(app, token, id);
  await confirmed(app, token, id);
  expect(await server.node.command('KEYS', 'bull:*')).not.toEqual([]);
  await app.close();
  expect(await server.node.command('KEYS', 'bull:*')).toEqual([]);
  await server.stop();
});

it('orders are confirmed by the process itself in memory mode, which says so', async () => {
  const app = await startApp({ REDIS_MODE: 'memory' });
  expect(app.log).toContain('without Redis there is no queue');
  const token = await app.http.login(1);
  const id = randomUUID();
  expect((await place(app, token, id)).status).toBe(200);
  await confirmed(app, token, id);
  expect(await mailsOf(app, [id])).toBe(1);
  await app.close();
});

describe('orders, through failovers', () => {
  let cluster: RedisTestCluster;
  let app: RunningApp;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
    app = await startApp(cluster.env());
    await app.redis.whenReady();
  });

  afterAll(async () => {
    await app.close();
    await cluster.stop();
  });

  it.each(['killed', 'frozen'] as const)(
    'are all placed while the primary is %s, and each is confirmed once',
    async (fault) => {
      const token = await app.http.login(3);
      const ids: string[] = [];
      const race = { isOver: false };
      const buying = (async () => {
        while (!race.isOver) {
          const id = randomUUID();
          expect((await place(app, token, id)).status).toBe(200);
          ids.push(id);
        }
      })();
      await waitUntil(() => ids.length > 10, { what: 'some orders before' });
      const old = await cluster.currentPrimary();
      await (fault === 'killed' ? old.kill() : old.freeze());
      await cluster.waitForPrimaryOtherThan(old);
      const before = ids.length;
      await waitUntil(() => ids.length > before + 10, { what: 'some orders after' });
      race.isOver = true;
      await buying;
      await waitUntil(async () => (await mailsOf(app, ids)) === ids.length, {
        timeoutMs: 45_000,
        what: 'every order to be confirmed',
      });
      if (old.isFrozen) old.thaw();
      if (!old.isRunning) await old.restart();
      await cluster.waitForReady();
    },
  );
});
