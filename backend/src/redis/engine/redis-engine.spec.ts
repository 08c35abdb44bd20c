import { resolveOptions } from '../config/index.js';
import { RedisEngine } from './redis-engine.js';
import { ManualClock } from '../testing/index.js';

describe('RedisEngine', () => {
  const newEngine = (clock = new ManualClock()): RedisEngine => {
    const { options } = resolveOptions({ mode: 'memory', shutdownTimeoutMs: 500 });
    return new RedisEngine(options, clock);
  };

  it('runs what was registered with beforeClose, one after the other', async () => {
    const clock = new ManualClock();
    const engine = newEngine(clock);
    const done: string[] = [];
    engine.beforeClose(() => clock.sleep(100).then(() => void done.push('first')));
    engine.beforeClose(() => {
      done.push('second');
    });
    const closing = engine.close();
    expect(engine.close()).toBe(closing);
    await clock.advance(100);
    await closing;
    expect(done).toEqual(['first', 'second']);
    expect(clock.pending).toBe(0);
  });

  it.each<[string, () => Promise<void>]>([
    ['throws', () => expectNothing(new TypeError('broken'))],
    ['rejects', () => Promise.reject(new TypeError('broken'))],
  ])('closes all the same when something before that %s, and reports it', async (_, run) => {
    const engine = newEngine();
    const failed: unknown[] = [];
    engine.bus.on('listener.failed', (event) => failed.push(event));
    let isRun = false;
    engine.beforeClose(run);
    engine.beforeClose(() => {
      isRun = true;
    });
    await engine.close();
    expect(failed).toMatchObject([{ event: 'close', error: new TypeError('broken') }]);
    expect(isRun).toBe(true);
    expect(() => engine.keyspaces.open('n', SETTINGS)).toThrow('shutting down');
  });

  it('waits no longer than its time for one that does not end', async () => {
    const clock = new ManualClock();
    const engine = newEngine(clock);
    engine.beforeClose(() => new Promise(() => undefined));
    engine.beforeClose(() => new Promise(() => undefined));
    let isClosed = false;
    const closing = engine.close().then(() => (isClosed = true));
    await clock.advance(499);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(clock.pending).toBe(0);
  });

  it('gives raw clients in memory mode, whose commands are refused, and ends them', async () => {
    const engine = newEngine();
    const client = engine.rawClients.create();
    await expect(client.get('k')).rejects.toMatchObject({ code: 'REDIS_DISABLED' });
    expect(engine.rawClients.options().Connector).toBeDefined();
    const ended = new Promise((resolve) => client.once('end', resolve));
    await engine.close();
    await ended;
  });

  it('refuses a switchover where there are no Sentinels', async () => {
    const { options } = resolveOptions({ mode: 'standalone', host: '192.0.2.1' });
    const engine = new RedisEngine(options, new ManualClock());
    const error: unknown = await engine.connected.switchover({}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'SWITCHOVER_FAILED',
      message: 'A switchover needs Sentinels; nothing was changed',
    });
    await engine.close();
  });
});

const SETTINGS = { policy: 'cache', nearMs: 0, maxStaleMs: 0 } as const;

function expectNothing(error: Error): never {
  throw error;
}
