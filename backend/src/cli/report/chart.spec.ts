import { ticksFor } from './chart.js';

describe('the axes of a chart', () => {
  it('have round numbers', () => {
    expect(ticksFor(1320)).toEqual([0, 500, 1000]);
    expect(ticksFor(100)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksFor(1.1)).toEqual([0, 0.5, 1]);
    expect(ticksFor(5000, true)).toEqual([1, 10, 100, 1000, 5000]);
  });
});
