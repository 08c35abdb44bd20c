import { startApp } from '../../../test/support/apps.js';
import { commandChannel, isWatched } from '../base/operations/index.js';
import { RedisTracingModule } from './tracing.module.js';

describe('the module of tracing', () => {
  it('traces as long as any application of it runs, one that begins after another has ended too', async () => {
    const parts = { imports: [RedisTracingModule.forRoot()] };
    expect(isWatched(commandChannel)).toBe(true);
    const [first, second] = [await startApp(parts), await startApp(parts)];
    await first.app.close();
    expect(isWatched(commandChannel)).toBe(true);
    await second.app.close();
    expect(isWatched(commandChannel)).toBe(false);
    const third = await startApp(parts);
    expect(isWatched(commandChannel)).toBe(true);
    await third.app.close();
    expect(isWatched(commandChannel)).toBe(false);
  });
});
