import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { orphansAmong, startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.js';
import { AppProcess, buildApp } from './support/app-process.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const USER_WITH_SECRET = { email: 'user1@example.com', password: 'planted-password' };

describe('the sample backend with a collector', () => {
  let removeBuild: (() => void) | null = null;
  let redis: RedisTestServer;
  let collector: OtlpReceiver;
  let app: AppProcess | null = null;

  beforeAll(async () => {
    [redis, collector] = await Promise.all([startRedisServer(), startOtlpReceiver()]);
    removeBuild = buildApp();
  });
  afterAll(async () => {
    await app?.stop();
    removeBuild?.();
    collector.close();
    await redis.stop();
  });

  it('sends the traces of requests by the standard variables, and its log has their ids', async () => {
    app = new AppProcess({
      ...redis.env(),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'shop',
    });
    const http = await app.whenListening();
    const headers = { traceparent: `00-${TRACE}-${CALLER}-01` };
    expect((await http.get('/api/products/7', { headers })).status).toBe(200);
    const token = await http.login(1);
    await http.get('/api/auth/session', { token });
    await http.post('/api/auth/login', { json: USER_WITH_SECRET });
    await http.get('/health');
    await app.stop();

    const { spans, bodies } = collector;
    const request = spans.find(({ name }) => name === 'GET /api/products/:id');
    expect(request).toMatchObject({ kind: 2, trace: TRACE, parent: CALLER });
    const call = spans.find(({ parent }) => parent === request!.id);
    expect(call).toMatchObject({ name: 'cache.getOrSet', trace: TRACE });
    expect(spans.some(({ kind, parent }) => kind === 3 && parent === call!.id)).toBe(true);
    expect(orphansAmong(spans).map(({ name }) => name)).toEqual(['GET /api/products/:id']);
    expect(spans.filter(({ name }) => name.includes('/health'))).toEqual([]);
    expect(bodies.join()).toContain('"shop"');
    for (const secret of [token, 'planted-password', 'user1@example.com', 'products:7']) {
      expect(bodies.join().includes(secret)).toBe(false);
    }
    expect(app.output).toContain(`"requestId":"${TRACE}"`);
  });
});
