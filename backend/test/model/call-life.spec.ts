import { withoutStacks } from '../support/seeded-search.js';
import { everySecond, floods, HISTORY_MS } from './call-search.js';

jest.mock('../../src/redis/cluster/connection/wire/wire.js', () => ({
  ...jest.requireActual<object>('../../src/redis/cluster/connection/wire/wire.js'),
  Wire: jest.requireActual<{ ModelWire: unknown }>('./model-wire.js').ModelWire,
}));

const FLOODS = 5;

describe('the life of a call', () => {
  withoutStacks();
  const search = everySecond(0);

  it(
    'ends once and in time, leaks nothing and keeps its promises, whatever happens in whatever order',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it(
    'also when thousands of errors are answered at once',
    async () => {
      expect(await floods.firstFault(FLOODS)).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );
});
