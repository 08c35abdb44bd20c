import { withoutStacks } from '../support/seeded-search.js';
import { everySecond, HISTORY_MS } from './call-search.js';

// The other half of the histories of call-life.spec.ts, in a process of its own.
jest.mock('../../src/redis/cluster/connection/wire/wire.js', () => ({
  ...jest.requireActual<object>('../../src/redis/cluster/connection/wire/wire.js'),
  Wire: jest.requireActual<{ ModelWire: unknown }>('./model-wire.js').ModelWire,
}));

describe('the life of a call, in further histories', () => {
  withoutStacks();
  const search = everySecond(1);

  it(
    'ends once and in time, leaks nothing and keeps its promises, whatever happens in whatever order',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );
});
