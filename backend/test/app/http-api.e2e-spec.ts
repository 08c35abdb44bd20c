import { RedisCache } from '../../src/redis/index.js';
import { startApp, type RunningApp } from './support/running-app.js';

const FORGED = 'A'.repeat(43);

describe('the HTTP interface, without any Redis', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp({ REDIS_MODE: 'memory' });
  });

  afterAll(async () => {
    await app.close();
  });

  describe('sessions', () => {
    it('logs a user in, knows the session afterwards, and ends it', async () => {
      const json = { email: 'User7@Example.com', password: 'demo-password' };
      const { status, body } = await app.http.post('/api/auth/login', { json });
      expect(status).toBe(200);
      expect(body).toEqual({
        token: expect.stringMatching(/^[\w-]{43}$/),
        session: {
          id: expect.stringMatching(/^[0-9a-f]{64}$/),
          userId: 'user-7',
          createdAt: expect.any(String),
          lastSeenAt: expect.any(String),
          expiresAt: expect.any(String),
        },
        user: { id: 'user-7', email: 'user7@example.com', name: 'User 7' },
      });
      const { token, session, user } = body;
      const current = await app.http.get('/api/auth/session', { token });
      expect(current).toMatchObject({ status: 200, body: { session: { id: session.id }, user } });
      expect(current.headers.get('cache-control')).toBe('no-store');
      await expect(app.http.post('/api/auth/logout', { token })).resolves.toMatchObject({
        status: 204,
      });
      await expect(app.http.get('/api/auth/session', { token })).resolves.toMatchObject({
        status: 401,
        body: { statusCode: 401, code: 'SESSION_INVALID' },
      });
    });

    it('says the same of a wrong password and of an unknown user', async () => {
      const wrong = { email: 'user1@example.com', password: 'wrong' };
      const nobody = { email: 'nobody@example.com', password: 'wrong' };
      const first = await app.http.post('/api/auth/login', { json: wrong });
      const second = await app.http.post('/api/auth/login', { json: nobody });
      expect(first).toMatchObject({ status: 401, body: { statusCode: 401, code: 'LOGIN_FAILED' } });
      expect(second.body).toEqual(first.body);
    });

    it('lists the sessions of a user, ends one of them, and all others', async () => {
      const [own, second, third] = [
        await app.http.login(8),
        await app.http.login(8),
        await app.http.login(8),
      ];
      const { body: list } = await app.http.get('/api/auth/sessions', { token: own });
      expect(list).toMatchObject({ isComplete: true });
      expect(list.sessions).toHaveLength(3);
      const { body } = await app.http.get('/api/auth/session', { token: second });
      const path = `/api/auth/sessions/${String(body.session.id)}`;
      const stranger = await app.http.login(9);
      expect((await app.http.delete(path, { token: stranger })).status).toBe(404);
      expect((await app.http.delete(path, { token: own })).status).toBe(204);
      expect((await app.http.get('/api/auth/session', { token: second })).status).toBe(401);
      expect((await app.http.delete('/api/auth/sessions', { token: own })).status).toBe(204);
      expect((await app.http.get('/api/auth/session', { token: third })).status).toBe(401);
      expect((await app.http.get('/api/auth/session', { token: own })).status).toBe(200);
    });

    it.each([
      ['no token', {}],
      ['a forged token', { token: FORGED }],
      ['a malformed token', { token: 'x' }],
      ['a very long token', { token: 'x'.repeat(5000) }],
      ['another scheme', { headers: { authorization: 'Basic dXNlcjpwYXNz' } }],
    ])('refuses %s with 401', async (_name, extras) => {
      const { status, body, headers } = await app.http.get('/api/auth/session', extras);
      expect(status).toBe(401);
      expect(body).toEqual({ statusCode: 401, code: 'SESSION_INVALID', message: 'Log in' });
      expect(headers.get('www-authenticate')).toBe('Bearer');
    });
  });

  describe('the catalogue', () => {
    it('answers a product, a page, and a page of a category', async () => {
      const { body: product } = await app.http.get('/api/products/17');
      expect(product).toEqual({
        id: 17,
        name: expect.stringContaining('17'),
        category: expect.any(String),
        description: expect.any(String),
        priceCents: expect.any(Number),
        updatedAt: '2025-01-01T00:00:00.000Z',
      });
      const { body: page } = await app.http.get('/api/products?page=2&pageSize=3');
      expect(page).toMatchObject({ page: 2, pageSize: 3, total: 1000 });
      expect(page.items).toMatchObject([{ id: 4 }, { id: 5 }, { id: 6 }]);
      const { body: toys } = await app.http.get('/api/products?category=toys');
      expect(toys).toMatchObject({ total: 100, page: 1, pageSize: 20 });
    });

    it('shows a change at once, in the product and in every page with it', async () => {
      const token = await app.http.login(2);
      const { body: before } = await app.http.get('/api/products/21');
      const pages = ['/api/products?page=2', `/api/products?category=${before.category}`];
      for (const page of pages) await app.http.get(page);
      const json = { priceCents: 1, name: 'Renamed' };
      const { status, body } = await app.http.put('/api/products/21', { token, json });
      expect(status).toBe(200);
      expect(body).toMatchObject({ ...before, ...json, updatedAt: expect.any(String) });
      expect((await app.http.get('/api/products/21')).body).toEqual(body);
      for (const page of pages) expect((await app.http.get(page)).body.items).toContainEqual(body);
    });

    it('answers a page beyond the last one, and caches none', async () => {
      const cache = app.nest.get(RedisCache);
      await app.http.get('/api/products?category=music&pageSize=50');
      const { sets } = cache.stats;
      const { status, body } = await app.http.get(
        '/api/products?category=music&pageSize=50&page=3',
      );
      expect(status).toBe(200);
      expect(body).toEqual({ items: [], page: 3, pageSize: 50, total: 100 });
      const answer = await app.http.get('/api/products?category=music&pageSize=50&page=3');
      expect(answer.body.items).toEqual([]);
      expect(cache.stats).toMatchObject({ sets });
      const last = await app.http.get('/api/products?category=music&pageSize=50&page=2');
      expect(last.body.items).toHaveLength(50);
    });

    it('knows that there is no such product, and wants a session for a change', async () => {
      const token = await app.http.login(2);
      const json = { priceCents: 1 };
      expect((await app.http.get('/api/products/1001')).status).toBe(404);
      expect((await app.http.put('/api/products/1001', { token, json })).status).toBe(404);
      expect((await app.http.put('/api/products/1', { json })).status).toBe(401);
    });
  });

  it('counts in memory, and says so', async () => {
    const { body } = await app.http.post('/api/counters/a');
    expect(body).toEqual({ name: 'a', value: 1, keptIn: 'memory' });
    expect((await app.http.get('/api/counters/a')).body).toEqual(body);
  });

  it.each([
    ['a page', 'GET', '/', 200],
    ['a product', 'GET', '/api/products/1', 200],
    ['a refusal', 'GET', '/api/auth/session', 401],
    ['nothing at this address', 'GET', '/nowhere', 404],
    ['a body that is no JSON', 'POST', '/api/auth/login', 400],
    ['a probe', 'GET', '/health/live', 200],
    ['metrics', 'GET', '/metrics', 200],
  ])('keeps browsers from using %s for anything else', async (_name, method, path, status) => {
    const answer = await app.http.send(method, path, method === 'POST' ? { raw: '{' } : {});
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
    expect(answer.headers.has('x-powered-by')).toBe(false);
  });

  it('lets nobody keep what only one user may see', async () => {
    const token = await app.http.login(10);
    for (const path of ['/api/auth/session', '/api/recently-viewed', '/api/orders/x']) {
      const { headers } = await app.http.get(path, { token });
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  describe('bad requests', () => {
    const login = '/api/auth/login';
    const planted = 'planted-password-in-a-body';

    it.each([
      ['malformed JSON', { raw: `{"password":"${planted}"` }, 400, 'MALFORMED_JSON', []],
      [
        'a body of more than 64 kB',
        { raw: JSON.stringify({ password: planted.repeat(3000) }) },
        413,
        'BODY_TOO_LARGE',
        [],
      ],
      ['a wrong type', { json: { email: 7, password: planted } }, 400, 'INPUT_REFUSED', ['email']],
      [
        'several wrong fields',
        { json: { email: planted } },
        400,
        'INPUT_REFUSED',
        ['email', 'password'],
      ],
      [
        'a field too many',
        { json: { email: 'a@example.com', password: 'x', role: 'admin' } },
        400,
        'INPUT_REFUSED',
        ['role'],
      ],
      [
        'a prototype',
        { raw: '{"__proto__":{"a":1},"email":"a@example.com","password":"x"}' },
        400,
        'INPUT_REFUSED',
        ['__proto__'],
      ],
      ['a list', { json: [] }, 400, 'INPUT_REFUSED', ['(all)']],
      ['no body', {}, 400, 'INPUT_REFUSED', ['(all)']],
      [
        'another kind of body',
        { raw: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        400,
        'INPUT_REFUSED',
        ['(all)'],
      ],
      [
        'an unknown character set',
        { raw: '{}', headers: { 'content-type': 'application/json; charset=latin9' } },
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        [],
      ],
    ])('refuses %s at the login', async (_name, extras, status, code, fields) => {
      const answer = await app.http.post(login, extras);
      expect(answer.body).toMatchObject({ statusCode: status, code });
      expect(answer.status).toBe(status);
      const problems = (answer.body.problems ?? []) as { field: string }[];
      expect(problems.map(({ field }) => field)).toEqual(fields);
      expect(answer.text).not.toContain(planted);
    });

    it.each([
      ['/api/products?page=0', 'page'],
      ['/api/products?page=x', 'page'],
      ['/api/products?page=0x10', 'page'],
      ['/api/products?page=1e1', 'page'],
      ['/api/products?page=', 'page'],
      ['/api/products?pageSize=101', 'pageSize'],
      ['/api/products?category=none', 'category'],
      ['/api/products?category=toys&category=books', 'category'],
      ['/api/products?sort=id', 'sort'],
      ['/api/products/x', 'id'],
      ['/api/products/0', 'id'],
      ['/api/products/1.5', 'id'],
      ['/api/products/0x10', 'id'],
      ['/api/products/99999999999', 'id'],
      ['/api/counters/a%20b', 'name'],
    ])('names the field that is wrong in %s', async (path, field) => {
      const { status, body } = await app.http.get(path);
      expect(status).toBe(400);
      expect(body.problems).toEqual([{ field, message: expect.any(String) }]);
    });

    it.each([
      ['nothing', {}, '(all)'],
      ['a negative price', { priceCents: -1 }, 'priceCents'],
      ['half a cent', { priceCents: 1.5 }, 'priceCents'],
      ['a price as text', { priceCents: '5' }, 'priceCents'],
      ['an empty name', { name: '' }, 'name'],
      ['a name that no database takes', { name: 'a\u0000b' }, 'name'],
      ['a long description', { description: 'x'.repeat(2001) }, 'description'],
      ['the id', { id: 5 }, 'id'],
    ])('refuses to change %s of a product', async (_name, json, field) => {
      const token = await app.http.login(3);
      const { status, body } = await app.http.put('/api/products/3', { token, json });
      expect(status).toBe(400);
      expect(body.problems[0]).toMatchObject({ field });
    });

    it.each([
      ['GET', '/nowhere?token=planted-in-a-query'],
      ['DELETE', '/api/products/1'],
      ['PATCH', '/'],
    ])('knows no %s %s, and does not repeat it', async (method, path) => {
      const { status, body, text } = await app.http.send(method, path);
      expect(status).toBe(404);
      expect(body).toMatchObject({ statusCode: 404, code: 'NOT_FOUND' });
      expect(text).not.toContain('planted');
    });

    it('answers an address that cannot be decoded with 400', async () => {
      const { status, body } = await app.http.get('/api/products/%E0%A4%A');
      expect(status).toBe(400);
      expect(body).toMatchObject({ statusCode: 400, code: 'BAD_REQUEST' });
    });
  });

  describe('the pages and the description', () => {
    it('describes every operation there is', async () => {
      const { body } = await app.http.get('/openapi.json');
      expect(body.openapi).toBe('3.1.0');
      const described = Object.entries(body.paths as Record<string, object>).flatMap(
        ([path, methods]) =>
          Object.keys(methods).map(
            (method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
          ),
      );
      expect(described.sort()).toEqual(routesOf(app).sort());
      const { post } = body.paths['/api/auth/login'];
      expect(Object.keys(post.responses as object)).toEqual([
        '200',
        '400',
        '401',
        '413',
        '415',
        '429',
        '500',
        '503',
      ]);
      const [, page] = body.paths['/api/products'].get.parameters;
      expect(page).toMatchObject({ name: 'page', schema: { type: 'integer', default: 1 } });
    });

    it.each(['/', '/docs', '/docs/docs.js', '/docs/style.css'])(
      'serves %s, which loads nothing from elsewhere',
      async (path) => {
        const { status, text, headers } = await app.http.get(path);
        expect(status).toBe(200);
        expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
        expect(text).not.toContain('innerHTML');
        expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      },
    );

    it('answers what probes ask, with the database in it', async () => {
      const { status, body } = await app.http.get('/health');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        status: 'degraded',
        redis: { mode: 'memory', connected: false },
        details: {
          database: { status: 'up', kind: 'embedded' },
          cost: { status: 'up', dollarsADay: expect.any(Number) },
        },
      });
      for (const path of ['/health/live', '/health/ready', '/api/health/redis']) {
        expect((await app.http.get(path)).status).toBe(200);
      }
    });

    it('measures requests by their route, however many addresses there are', async () => {
      for (const path of ['/api/products/1', '/api/products/2', '/made-up-1', '/made-up-2']) {
        await app.http.get(path);
      }
      const { text } = await app.http.get('/metrics');
      expect(text).toContain('process_cpu_user_seconds_total');
      expect(text).toContain('redis_ha_');
      const routes = [...text.matchAll(/request_duration_seconds_count\{.*route="([^"]+)"/g)];
      const names = new Set(routes.map(([, route]) => route));
      expect(names).toContain('/api/products/:id');
      expect(names).toContain('unmatched');
      expect([...names].join()).not.toMatch(/made-up|products\/\d/);
    });
  });

  describe('the log', () => {
    it('has one line for a request, with the id that the client gave or got', async () => {
      const token = await app.http.login(4);
      const given = await app.http.get('/api/auth/session', {
        token,
        headers: { 'x-request-id': 'from-the-client.1' },
      });
      expect(given.headers.get('x-request-id')).toBe('from-the-client.1');
      const [line, ...others] = app.lines.filter((one) => one['requestId'] === 'from-the-client.1');
      expect(others).toEqual([]);
      expect(line).toMatchObject({
        level: 'info',
        method: 'GET',
        route: '/api/auth/session',
        status: 200,
        ms: expect.any(Number),
        userId: 'user-4',
        sessionId: given.body.session.id,
      });
    });

    it.each([
      ['nothing', ''],
      ['a space', 'a b'],
      ['markup', '<script>'],
      ['more than 64 characters', 'x'.repeat(65)],
    ])('does not take %s for an id', async (_name, id) => {
      const { headers } = await app.http.get('/', { headers: { 'x-request-id': id } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('has the trace of the caller for an id, if it is part of one', async () => {
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      const { headers } = await app.http.get('/', {
        headers: {
          traceparent: `00-${trace}-00f067aa0ba902b7-01`,
          'x-request-id': 'from-the-client.2',
        },
      });
      expect(headers.get('x-request-id')).toBe(trace);
      const none = await app.http.get('/', {
        headers: { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
      });
      expect(none.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('says nothing of probes unless it is asked to', async () => {
      await app.http.get('/health', { headers: { 'x-request-id': 'a-probe' } });
      const line = app.lines.find((one) => one['requestId'] === 'a-probe');
      expect(line).toMatchObject({ level: 'debug', route: '/health' });
    });
  });
});

/** What the router takes below /api, apart from health. */
function routesOf(app: RunningApp): string[] {
  const router = (
    app.nest.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } }
  ).router;
  return router.stack.flatMap(({ route }) =>
    route === undefined || !/^\/api\/(?!health)/.test(route.path)
      ? []
      : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}
