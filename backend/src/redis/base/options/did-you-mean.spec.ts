import { nearestName } from './did-you-mean.js';

describe('nearestName', () => {
  const names = ['readTimeoutMs', 'writeTimeoutMs', 'readPolicy'];

  it.each([
    ['readTimeout', 'readTimeoutMs'],
    ['readtimeoutms', 'readTimeoutMs'],
    ['wirteTimeoutMs', 'writeTimeoutMs'],
    ['readPolice', 'readPolicy'],
    ['completelyDifferent', undefined],
    ['', undefined],
  ])('suggests for %j: %j', (name, nearest) => {
    expect(nearestName(name, names)).toBe(nearest);
  });
});
