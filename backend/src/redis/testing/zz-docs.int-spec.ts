import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { RedisModule, RedisService } from '../index.js';
import { startRedisCluster, type RedisTestCluster } from './index.js';
@Injectable()
class VisitsService {
  constructor(private readonly redis: RedisService) {}
  async remember(visitor: string): Promise<void> {
    await this.redis.set(`visit:${visitor}`, 'yes');
  }
  async hasBeenHere(visitor: string): Promise<boolean> {
    return (await this.redis.get(`visit:${visitor}`)) === 'yes';
  }
}
jest.setTimeout(30_000);
describe.each([false, true])('visits through a failover %s', (proxied) => {
  let cluster: RedisTestCluster;
  let app: TestingModule;
  let visits: VisitsService;
  beforeAll(async () => {
    cluster = await startRedisCluster({ proxied });
    app = await Test.createTestingModule({
      imports: [RedisModule.forRoot(cluster.options())],
      providers: [VisitsService],
    }).compile();
    await app.init();
    visits = app.get(VisitsService);
  });
  afterAll(async () => {
    await app.close();
    await cluster.stop();
  });
  it('remembers a visit while the primary is lost', async () => {
    const old = cluster.primary();
    await old.kill();
    await visits.remember('ada');
    expect(await cluster.currentPrimary()).not.toBe(old);
    await expect(visits.hasBeenHere('ada')).resolves.toBe(true);
    await old.restart();
    await cluster.waitForReady();
  });
  it('never writes to a primary that was replaced while it slept', async () => {
    const old = cluster.primary();
    await old.freeze();
    const next = await cluster.waitForPrimaryOtherThan(old);
    old.thaw();
    await visits.remember('grace');
    await expect(next.command('GET', 'visit:grace')).resolves.toBe('yes');
    await cluster.waitForReady();
  });
  it('reads on while it cannot reach the primary', async () => {
    if (!proxied) return;
    await visits.remember('edsger');
    cluster.primary().proxy.blackHole();
    await expect(visits.hasBeenHere('edsger')).resolves.toBe(true);
    cluster.primary().proxy.heal();
  });
});
