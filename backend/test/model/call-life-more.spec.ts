import { lookAtShare, TIMEOUT_MS } from './look-at-histories.js';

// The other half of the histories of call-life.spec.ts, in a process of its own.
jest.mock('../../src/redis/cluster/connection/wire.js', () => ({
  ...jest.requireActual<object>('../../src/redis/cluster/connection/wire.js'),
  Wire: jest.requireActual<{ ModelWire: unknown }>('./model-wire.js').ModelWire,
}));

const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe('the life of a call, in further histories', () => {
  it(
    'ends once and in time, leaks nothing and keeps its promises, whatever happens in whatever order',
    () => lookAtShare(1),
    TIMEOUT_MS,
  );
});
