import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  cacheChannel,
  CacheOperation,
  SAMPLED_CHANNEL,
  sampleBy,
  watchedMethods,
} from './index.js';

describe('calls of which only some are to be shown', () => {
  let made = 0;
  let shown: unknown[] = [];

  const watched = watchedMethods<object, CacheOperation>({
    channel: cacheChannel,
    operation: (_owner, method) => {
      made++;
      return new CacheOperation(method, 'users', 1);
    },
    outcomeOf: () => 'ok',
  });

  class Store {
    @watched
    get(): Promise<string> {
      return Promise.resolve('value');
    }
  }

  const onSampled = (operation: unknown): void => void shown.push(operation);
  const onStart = (): void => undefined;
  const START = 'tracing:nestjs-redis-ha:cache:start';

  beforeEach(() => {
    made = 0;
    shown = [];
    subscribe(SAMPLED_CHANNEL, onSampled);
  });
  afterEach(() => {
    sampleBy(null);
    unsubscribe(SAMPLED_CHANNEL, onSampled);
    unsubscribe(START, onStart);
  });

  it('make nothing where nobody wants them', async () => {
    await new Store().get();
    sampleBy(() => false);
    await expect(new Store().get()).resolves.toBe('value');
    expect(made).toBe(0);
  });

  it('are shown to who wants them, with their outcome', async () => {
    let isWanted = true;
    sampleBy(() => isWanted);
    await new Store().get();
    isWanted = false;
    await new Store().get();
    expect(shown).toMatchObject([{ name: 'get', outcome: 'ok' }]);
  });

  it('are all seen by the subscribers of the channel', async () => {
    sampleBy(() => false);
    subscribe(START, onStart);
    await new Store().get();
    expect(made).toBe(1);
  });
});
