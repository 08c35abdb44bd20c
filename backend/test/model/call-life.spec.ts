import { lookAtFloods, lookAtShare, TIMEOUT_MS } from './look-at-histories.js';

jest.mock('../../src/redis/cluster/connection/wire.js', () => ({
  ...jest.requireActual<object>('../../src/redis/cluster/connection/wire.js'),
  Wire: jest.requireActual<{ ModelWire: unknown }>('./model-wire.js').ModelWire,
}));

// Most of the time would go into the stacks of the errors that calls end with.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe('the life of a call', () => {
  it(
    'ends once and in time, leaks nothing and keeps its promises, whatever happens in whatever order',
    () => lookAtShare(0),
    TIMEOUT_MS,
  );

  it('also when thousands of errors are answered at once', () => lookAtFloods(), TIMEOUT_MS);
});
